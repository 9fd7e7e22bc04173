"""What each code of an error means, and what to do about it: two sentences for the page about errors."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

MEANINGS: Final[Mapping[str, tuple[str, str]]] = {
    "ambiguous_model": (
        "Several providers offer a model of this name.",
        "Write `provider/model`; the message lists them.",
    ),
    "background_queue_full": (
        "As many of your answers wait in the background as may (`background.queued_per_tenant`).",
        "Wait for `retry-after` seconds, or until some are done.",
    ),
    "batch_not_found": ("The batch is unknown, deleted, expired, or not yours.", "Check the id."),
    "batch_results_not_found": (
        "The batch has not ended, or its results are not kept any more.",
        "Ask again when `processing_status` is `ended`; fetch results within 29 days.",
    ),
    "chat_completion_not_found": (
        "The chat completion is unknown, deleted, expired, not yours, or was made without `store: true`.",
        "Check the id.",
    ),
    "conflict": ("The provider reports a conflict with another request.", "Send it again a little later."),
    "content_policy_violation": (
        "The provider's filters stopped a picture.",
        "Ask for another. The message has what the provider says of it.",
    ),
    "content_unreadable": (
        "What was stored is encrypted, and its key is missing or somebody has changed it.",
        "Tell the gateway's owner: the log names the key.",
    ),
    "context_length_exceeded": (
        "Input and history are longer than the model can read.",
        "Send less, or go on with a model that reads more.",
    ),
    "conversation_locked": (
        "Another response is being made in the conversation, which takes one at a time.",
        "Try again when that has ended: in a few seconds.",
    ),
    "conversation_not_found": ("The conversation is unknown, deleted, or not yours.", "Check the id."),
    "duplicate_custom_id": (
        "Two requests of a batch have the same `custom_id`.",
        "Give each request one of its own: it tells which answer is whose.",
    ),
    "file_not_found": ("The file is unknown, deleted, expired, or not yours.", "Check the id, or upload it again."),
    "file_quota_exceeded": (
        "You keep as much in files as you may (`files.tenant_bytes`).",
        "Delete some, or let them end by `expires_after`.",
    ),
    "file_too_large": (
        "A file that the request names is larger than the provider can be sent.",
        "Name a smaller one, or a provider that keeps files.",
    ),
    "idempotency_key_reused": (
        "The `Idempotency-Key` came before with another body.",
        "Send the very same body for its answer, or another key. `x-should-retry: false` keeps clients from retrying.",
    ),
    "insufficient_quota": (
        "The gateway's account with the provider has no money or quota left.",
        "Tell the gateway's owner. Trying again does not help, and `x-should-retry: false` says so.",
    ),
    "internal_error": ("Antiphon failed in a way that nobody foresaw.", "Give the `x-request-id` to its owner."),
    "invalid_api_key": ("The key is not one of this gateway's.", "Check it, or ask the owner for one."),
    "invalid_file_purpose": (
        "The file was uploaded for another purpose than `batch`.",
        "Upload it with `purpose: batch`.",
    ),
    "invalid_form": (
        "The form with a file is broken, has too many parts, or not the one file it is to have.",
        "Send `multipart/form-data` with the parts that the message names.",
    ),
    "invalid_http": (
        "What was sent is not HTTP/1.1, or uses a method that nobody knows.",
        "Mend the request, or what stands between you and the gateway. The connection is closed.",
    ),
    "invalid_custom_id": ("The `custom_id` of a request in a batch is empty or too long.", "Choose another."),
    "invalid_encrypted_content": (
        "A sealed blob in the input was changed, is another tenant's, or was sealed under a key that is gone.",
        "Send it as it came, or leave the item out.",
    ),
    "invalid_idempotency_key": (
        "The `Idempotency-Key` is empty, too long, or not plain ASCII.",
        "Send from 1 to 255 visible ASCII characters, a random UUID for example.",
    ),
    "invalid_json": ("The body is not JSON, or is nested too deeply.", "Mend the body."),
    "invalid_json_line": ("A line in the file of a batch is not a JSON object.", "Mend the line that is named."),
    "invalid_method": ("A request of a batch has another method than POST.", "Write `POST`."),
    "invalid_path": (
        "A path under `/p/` leads upwards, can be read in two ways, or is no part of a URL.",
        "Write it plainly, as the provider's documentation does.",
    ),
    "invalid_prompt": ("The provider refused the input for what it says.", "Change the input."),
    "invalid_type": ("The value at `param` has the wrong JSON type.", "Send the type that the message names."),
    "invalid_url": (
        "What stands at an address in the input cannot be downloaded, or is none; or a URL is not its batch's.",
        "Check the address, or send the bytes as a data URL; give each request the URL of its batch.",
    ),
    "invalid_value": ("The value at `param` is not a legal one.", "Send one that the message names."),
    "item_not_found": ("The conversation has no item of this id.", "List its items."),
    "method_not_allowed": ("The path exists, the method does not.", "Use a method that the header `allow` lists."),
    "missing_api_key": ("There is no key in the request.", "Send `Authorization: Bearer YOUR_KEY`."),
    "missing_required_parameter": ("The field that `param` names must be there.", "Send it."),
    "model_not_found": ("Nobody here has the model.", "Take a name from `GET /v1/models`; near ones are suggested."),
    "mutually_exclusive_parameters": (
        "`conversation` is not the one that `previous_response_id` belongs to.",
        "Leave one of them out.",
    ),
    "not_allowed": (
        "The gateway's owner does not let this be passed on to the provider, or not for your key.",
        "Ask the owner, who finds the setting named in the message.",
    ),
    "not_open": (
        "The gateway is mounted in another application, whose lifespan does not open it.",
        "Open it there: see [inside your program](howto/in-process.md).",
    ),
    "previous_response_not_found": (
        "The response to go on from, or one before it, is unknown, deleted, expired, not kept, running or failed.",
        "Go on from another, or send the whole history as `input`.",
    ),
    "prompt_exists": ("There is a prompt of this id.", "Add a version to it, or choose another id."),
    "prompt_is_configured": ("The prompt is the owner's, given in the configuration.", "Ask the owner to change it."),
    "prompt_not_found": ("The prompt is unknown, deleted, or not yours.", "Check the id: `GET /v1/prompts` lists all."),
    "prompt_version_not_found": (
        "The prompt has no such version.",
        "Name one that it has, or none for the newest.",
    ),
    "provider_not_found": (
        "Under `/p/`, no provider has this name, or it is switched off there.",
        "Take one that the message names.",
    ),
    "range_not_satisfiable": ("The file has no byte in the range.", "Ask for one below its size."),
    "rate_limit_exceeded": (
        "Your key may not ask for more (the message says of what), or the provider limits how much the gateway may.",
        "Wait for `retry-after` seconds. With providers, Antiphon has already tried again and elsewhere.",
    ),
    "request_head_too_large": (
        "The path and the headers are longer than 64 KiB.",
        "Send less of them. The connection is closed.",
    ),
    "request_timeout": (
        "The headers or the body of the request came too slowly (`connections`).",
        "Send it again, at once. The connection is closed.",
    ),
    "request_too_large": (
        "The body is larger than `server.max_body_bytes`, or than the provider takes.",
        "Send less, or ask the owner to raise the limit.",
    ),
    "response_not_found": ("The response is unknown, deleted, expired, not stored, or not yours.", "Check the id."),
    "server_error": (
        "The provider failed, is overloaded or too slow.",
        "Try again; after `retry-after`, if there is one.",
    ),
    "shutting_down": ("This process is stopping.", "Try again: another process, or the next one, answers."),
    "store_unavailable": ("The database cannot be used just now.", "Try again; the owner finds the cause in the log."),
    "superseded": (
        "This process seemed dead, and another took over what was asked under this `Idempotency-Key`.",
        "Try again under the same key: you get that answer.",
    ),
    "too_many_batches": (
        "As many of your batches are under way as may be (`batches.batches_per_tenant`).",
        "Wait until one has ended, or cancel one.",
    ),
    "too_many_connections": (
        "More clients are connected than this process serves (`connections.at_once`).",
        "Try again after `retry-after`; the owner can raise the limit, or start more processes.",
    ),
    "too_many_requests": (
        "A batch has more requests than one may (`batches.max_lines`).",
        "Make several batches of them.",
    ),
    "unknown_parameter": ("A template cannot hold what `param` names.", "Put it into the request instead."),
    "unknown_url": ("Nothing answers at this path.", "Check it against the [endpoints](reference/endpoints.md)."),
    "unsupported_content_encoding": (
        "The body is compressed in an unknown way.",
        "Use what `accept-encoding` in the answer names, zstd, gzip or deflate, or do not compress.",
    ),
    "unsupported_media_type": (
        "The body is not declared as JSON.",
        "Send `Content-Type: application/json`.",
    ),
    "unsupported_parameter": (
        "The field at `param` cannot be used here, or not by this model while `strict` is on.",
        "Leave it out, or choose another model.",
    ),
    "unsupported_value": (
        "What stands at `param` cannot be told to this model without loss, and `strict` is on; or it exists nowhere.",
        "Leave it out, turn `strict` off, or choose another model.",
    ),
    "upload_ended": (
        "The upload was completed or cancelled, or is just being completed.",
        "Begin another one.",
    ),
    "upload_not_found": ("The upload is unknown, expired, or not yours.", "Check the id, or begin another one."),
    "upstream_error": (
        "The provider could not be reached, broke its answer off, or refused the gateway's own key or address.",
        "Try again; if it stays so, tell the gateway's owner.",
    ),
    "provider_credentials": (
        "The gateway has no credentials that open this provider; the message says what was tried.",
        "Tell the gateway's owner; another provider may answer.",
    ),
    "upstream_timeout": ("The provider was silent for too long.", "Try again, or ask the owner to raise `timeouts`."),
    "invalid_stream_id": (
        "A name of a stream is 1 to 256 characters out of letters, digits, `_`, `.` and `-`.",
        "Choose another, or leave it out.",
    ),
    "websocket_connection_limit_reached": (
        "The connection is as old as one may become.",
        "Open another one; go on from stored responses, or send the whole history.",
    ),
    "websocket_not_available": (
        "No WebSocket was opened: none was asked for properly, or they are switched off.",
        "Use `POST /v1/responses`; clients do so by themselves.",
    ),
    "websocket_queue_full": (
        "More requests wait on this connection than may.",
        "Send it again when others have been answered.",
    ),
    "websocket_stream_limit_reached": (
        "The connection has used as many names of streams as it may.",
        "Use one of them again, or open another connection.",
    ),
}
