"""Google's generateContent: what the golden tests cannot replay. See tests/replayed.py."""

FORMAT = "gemini"
REQUESTS = {
    "gemini-generate.test_google_image_generation_with_web_search.0.e92c8646": (
        "the mode ANY without a function to call means nothing, and is not sent"
    ),
    "gemini-generate.test_google_model_web_fetch_tool.0.37f9d6cb": (
        "the Responses API reads pages only in the course of a search, so that there is one too"
    ),
    "vertex-generate.test_generate_content_invalid_temperature.0.0f053680": "no temperature of a client's is as high",
}
ANSWERS: dict[str, str] = {}
ELSEWHERE = {
    "gemini.embed": "embeddings, which the tests of services replay",
    "vertex.embed": "embeddings, which the tests of services replay",
}
