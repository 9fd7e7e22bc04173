"""Webhooks: the owner's receivers are told how background answers ended, at least once each."""
