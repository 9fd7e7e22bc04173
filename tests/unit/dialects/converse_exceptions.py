"""Amazon's Converse: what the golden tests cannot replay. See tests/replayed.py."""

FORMAT = "bedrock-converse"
REQUESTS = {
    "bedrock-converse.test_multimodal_tool_return_matrix-direct-uploaded_file-video-bedrock_cl.1.c3d4c89d": (
        "claude takes no films, least of all in results, and refused: ours stands behind the result"
    ),
    "bedrock-converse.test_multimodal_tool_return_matrix-direct-uploaded_file-document-bedrock.1.22dfc49a": (
        "nova takes no binary documents in results, and refused: ours stands behind the result"
    ),
}
ANSWERS: dict[str, str] = {}
