"""A turn as the body of ``POST {base}/messages``.

https://platform.claude.com/docs/en/api/messages (read 2026-11); how hosts and models depart from it is said by
`messages_hosts` and `messages_models`. Only fields that are named here reach a provider.
"""

from __future__ import annotations

from typing import Final

import msgspec

from antiphon.dialects.leftovers import report_hosted, report_unknown
from antiphon.dialects.losses import Losses
from antiphon.dialects.messages_caching import set_breakpoints
from antiphon.dialects.messages_fates import FATES
from antiphon.dialects.messages_hosts import Host
from antiphon.dialects.messages_models import LARGEST_WHOLE_ANSWER, Traits, traits_of
from antiphon.dialects.messages_schemas import Fitting
from antiphon.dialects.messages_thinking import Mind, sample
from antiphon.dialects.messages_tools import Body, ToolWriter, choice_of, hosted_by, past_tools
from antiphon.dialects.messages_turns import TurnWriter, living
from antiphon.dialects.sealed import Unsealing
from antiphon.dialects.steps import steps_of
from antiphon.dialects.tools import Offer, offer
from antiphon.errors import BadRequest
from antiphon.protocols import Built, Pseudonym, Sealer, Target, Turn
from antiphon.wire.faults import missing
from antiphon.wire.requests import Request, TextFormat

_encode: Final = msgspec.json.Encoder().encode

FAST_BETA: Final = "fast-mode-2026-02-01"
ANSWER_TOOLS: Final = ("json", "json_answer")
"""The tool that an answer is a call of, for models that cannot be held to a schema otherwise; the client may have the
first name."""

_ONLY_JSON: Final = "Answer with nothing but one JSON object."
_ONLY_SCHEMA: Final = "Answer with nothing but one JSON object that conforms to this JSON schema:"
_OURS: Final = {
    "output_config": "reasoning",
    "system": "instructions",
    "thinking": "reasoning",
}
"""What a member of the body was made of, where that has another name."""

_TIERS: Final = {"auto": "auto", "default": "standard_only", "priority": "auto", "standard_only": "standard_only"}


def build_messages(turn: Turn, target: Target, sealer: Sealer, pseudonym: Pseudonym, host: Host) -> Built:
    """The body to send. Raises BadRequest for what cannot be said at all, or not without loss when strict."""
    strict = turn.strict or turn.request.strict is True
    losses = Losses(strict=strict, provider=target.provider, fates=FATES[host.dialect], quirks=target.quirks)
    try:
        return _Building(turn, target, host, losses).built(Unsealing(turn, target, sealer, "anthropic"), pseudonym)
    except RecursionError:
        raise BadRequest("The request is nested too deeply.", code="invalid_value") from None


def answer_tool(request: Request, target: Target) -> str | None:
    """The tool whose call is the answer, where there is one. For a turn that was built."""
    form = None if request.text is None else request.text.format
    if form is None or form.type != "json_schema" or _structured(target):
        return None
    if _thinks(request, traits_of(target.model)):
        return None
    first, other = ANSWER_TOOLS
    return other if any(tool.get("name") == first for tool in request.tools or ()) else first


def _structured(target: Target) -> bool:
    return traits_of(target.model).structured and target.quirks.json_schema


def _thinks(request: Request, traits: Traits) -> bool:
    """Whether thoughts are asked for that no call can be forced beside."""
    effort = None if request.reasoning is None else request.reasoning.effort
    return traits.thinking == "budget" and effort not in (None, "none")


class _Building:
    """Puts one body together."""

    def __init__(self, turn: Turn, target: Target, host: Host, losses: Losses) -> None:
        self._turn = turn
        self._request = turn.request
        self._target = target
        self._host = host
        self._losses = losses
        self._traits = traits_of(target.model)
        self._betas: set[str] = set()

    def built(self, unsealing: Unsealing, pseudonym: Pseudonym) -> Built:
        request, losses, host = self._request, self._losses, self._host
        offered = offer(self._turn, self._target, losses, hosted_by(host, self._traits))
        tools = ToolWriter(request, self._traits, host, self._target.quirks, losses)
        tools.write(offered)
        report_hosted(request, offered, losses, limited=True)
        turns = TurnWriter(self._traits, host, losses, lambda call: offered.name_of(call.tool))
        if request.instructions and request.instructions.strip():
            turns.system.append({"type": "text", "text": request.instructions})
        format = self._format(turns, tools)
        turns.write(steps_of(self._turn, self._target, losses, unsealing))
        limit = request.max_output_tokens or self._target.output_limit or self._traits.output_limit
        mind = Mind(request, self._traits, losses)
        mind.decide(turns, limit, host)
        streamed = bool(request.stream) or tools.pauses or limit > LARGEST_WHOLE_ANSWER
        body = self._head(limit, streamed=streamed)
        if turns.system:
            body["system"] = turns.system
        body["messages"] = turns.messages
        self._tools(body, tools, offered, mind)
        self._container(body, tools, turns)
        if mind.thinking is not None:
            body["thinking"] = mind.thinking
        output = {name: value for name, value in (("effort", mind.effort), ("format", format)) if value is not None}
        if output:
            body["output_config"] = output
        sample(body, request, mind, self._traits, losses)
        self._rest(body, pseudonym)
        self._betas |= tools.betas | turns.parts.betas | mind.betas
        report_unknown(request, losses)
        return self._finished(body, streamed=streamed)

    def _head(self, limit: int, *, streamed: bool) -> Body:
        body: Body = {"anthropic_version": self._host.version} if self._host.version else {}
        if self._host.says_model:
            body["model"] = self._target.model
        body["max_tokens"] = limit
        if streamed and self._host.says_stream:
            body["stream"] = True
        return body

    def _format(self, turns: TurnWriter, tools: ToolWriter) -> Body | None:
        """How the answer is held to a form: natively, as the call of a tool, or by words."""
        text = self._request.text
        if text is not None and text.verbosity not in (None, "medium"):
            self._losses.report("field.text.verbosity", "text.verbosity")
        form = None if text is None else text.format
        if form is None or form.type == "text":
            return None
        if form.type == "json_object":
            self._losses.report("field.text.format.json_object", "text.format.type")
            turns.system.append({"type": "text", "text": _ONLY_JSON})
            return None
        schema = _schema(form)
        if _structured(self._target):
            fitting = Fitting()
            fitted = fitting(schema)
            if fitting.softened:
                words = ", ".join(fitting.softened)
                self._losses.report("field.text.format.json_schema.keywords", "text.format.schema", words=words)
            return {"type": "json_schema", "schema": fitted}
        name = answer_tool(self._request, self._target)
        if name is None:
            self._losses.report("field.text.format.json_schema", "text.format.type")
            turns.system.append({"type": "text", "text": f"{_ONLY_SCHEMA}\n{_encode(schema).decode()}"})
            return None
        words = form.description or "Gives the answer, in the form that it must have."
        tools.tools.append({"name": name, "description": words, "input_schema": {"type": "object", **schema}})
        return None

    def _tools(self, body: Body, tools: ToolWriter, offered: Offer, mind: Mind) -> None:
        choice = choice_of(offered, parallel=self._request.parallel_tool_calls is not False)
        answer = answer_tool(self._request, self._target)
        if answer is not None:
            alone = len(tools.tools) == 1 or (choice or {}).get("type") == "none"
            choice = {"type": "tool", "name": answer} if alone else {"type": "any"}
        elif not tools.tools:
            tools.tools += past_tools(body["messages"])
            choice = {"type": "none"} if tools.tools else None
        if not tools.tools:
            return
        if choice is not None and choice["type"] in ("any", "tool") and (mind.excludes_force or not self._forced):
            self._losses.report("choice.forced", "tool_choice")
            if choice["type"] == "tool":
                tools.tools[:] = [tool for tool in tools.tools if tool.get("name") == choice["name"]]
            choice = {name: value for name, value in choice.items() if name != "name"} | {"type": "auto"}
        body["tools"] = tools.tools
        if choice is not None:
            body["tool_choice"] = choice
        if tools.servers:
            body["mcp_servers"] = tools.servers

    @property
    def _forced(self) -> bool:
        return self._traits.forced

    def _container(self, body: Body, tools: ToolWriter, turns: TurnWriter) -> None:
        """Where code runs on: in the container that the client names, else in the one that it ran in before."""
        container = tools.container or living(turns.container, self._turn.clock())
        if container is not None and tools.pauses:
            body["container"] = container
        if tools.uploads:
            uploads = [{"type": "container_upload", "file_id": file_id} for file_id in tools.uploads]
            first = next(message for message in body["messages"] if message["role"] == "user")
            first["content"] += uploads
            turns.parts.need_files()

    def _rest(self, body: Body, pseudonym: Pseudonym) -> None:
        request, losses, host = self._request, self._losses, self._host
        self._unsaid()
        if request.stop:
            body["stop_sequences"] = request.stop
        if request.service_tier is not None:
            self._tier(body, request.service_tier)
        if person := request.safety_identifier or request.user:
            if host.whole:
                body["metadata"] = {"user_id": pseudonym(self._turn.caller.tenant, person)}
            else:
                name = "safety_identifier" if request.safety_identifier else "user"
                losses.report(f"field.{name}", name)
        if request.prompt_cache_retention == "24h":
            losses.report("field.prompt_cache_retention", "prompt_cache_retention")
        if self._traits.caches:
            set_breakpoints(body, request)

    def _unsaid(self) -> None:
        """What Anthropic has no word for."""
        request, losses = self._request, self._losses
        for name in ("presence_penalty", "frequency_penalty"):
            if getattr(request, name):
                losses.report(f"field.{name}", name, param=name)
        if request.seed is not None:
            losses.report("field.seed", "seed")
        if request.includes("message.output_text.logprobs") or request.top_logprobs:
            losses.report("field.top_logprobs", "top_logprobs")

    def _tier(self, body: Body, tier: str) -> None:
        if tier == "fast" and self._traits.fast and self._host.whole:
            body["speed"] = "fast"
            self._betas.add(FAST_BETA)
        elif tier in _TIERS and self._host.whole:
            body["service_tier"] = _TIERS[tier]
        elif tier not in ("auto", "default"):
            self._losses.report("field.service_tier", "service_tier", tier=tier[:64])

    def _finished(self, body: Body, *, streamed: bool) -> Built:
        for name in self._target.quirks.refused_members & body.keys() - {"messages", "max_tokens"}:
            del body[name]
            ours = self._said_as(name)
            self._losses.report("field.refused", ours, name=ours)
        headers = b""
        if self._betas and self._host.betas_in_body:
            body["anthropic_beta"] = sorted(self._betas)
        elif self._betas:
            headers = f"anthropic-beta: {','.join(sorted(self._betas))}\r\n".encode()
        differs = None if streamed == bool(self._request.stream) else streamed
        losses = self._losses
        return Built(_encode(body), losses.sentences(), tuple(losses.removed), headers, differs)

    def _said_as(self, name: str) -> str:
        """What the client calls a member of the body."""
        if name == "metadata":
            return "safety_identifier" if self._request.safety_identifier else "user"
        return _OURS.get(name, name)


def _schema(form: TextFormat) -> Body:
    if form.name is None:
        raise missing("text.format.name")
    if form.schema is None:
        raise missing("text.format.schema")
    return form.schema
