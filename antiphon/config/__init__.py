"""Configuration: from files and variables to settings that hold, and back to pages that say what can be set."""
