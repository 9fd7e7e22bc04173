"""The open lists of facts about models, each in its own words, as entries of antiphon/providers/models/."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

Entry = dict[str, Any]


@dataclass(frozen=True)
class Origin:
    """Where a row's models are found: at LiteLLM's providers, with what stands before their names, and at models.dev's.

    `able`: only models that can call tools or reason are taken, where a list is full of older ones. `listed`: only
    those that models.dev has too, where the provider's own list tells everything of the others. `only` is a pattern of
    the names that are taken from LiteLLM, where it has several of our rows under one name.
    """

    litellm: tuple[str, ...] = ()
    prefix: str = ""
    models_dev: tuple[str, ...] = ()
    able: bool = False
    listed: bool = False
    only: str = ""


ORIGINS: Final[Mapping[str, Origin]] = {
    "ai21": Origin(("ai21",)),
    "dashscope": Origin(("dashscope",), "dashscope/", ("alibaba",)),
    "anthropic": Origin(("anthropic",), "", ("anthropic",)),
    "azure": Origin(("azure", "azure_ai"), "azure/|azure_ai/", ("azure", "azure-cognitive-services")),
    "baseten": Origin(("baseten",), "baseten/", ("baseten",)),
    "bedrock": Origin(("bedrock", "bedrock_converse"), "", ("amazon-bedrock",)),
    "bedrock-mantle": Origin(("bedrock_mantle",), "bedrock_mantle/"),
    "cerebras": Origin(("cerebras",), "cerebras/", ("cerebras",)),
    "chutes": Origin((), "", ("chutes",)),
    "cloudflare": Origin(("cloudflare",), "cloudflare/", ("cloudflare-workers-ai",)),
    "cohere": Origin(("cohere_chat",), "", ("cohere",)),
    "crusoe": Origin(("crusoe",), "crusoe/", ("crusoe",)),
    "databricks": Origin(("databricks",), "databricks/", ("databricks",)),
    "deepinfra": Origin(("deepinfra",), "deepinfra/", ("deepinfra",), listed=True),
    "deepseek": Origin(("deepseek",), "deepseek/", ("deepseek",)),
    "digitalocean": Origin((), "", ("digitalocean",)),
    "featherless": Origin(("featherless_ai",), "featherless_ai/"),
    "fireworks": Origin(("fireworks_ai",), "fireworks_ai/", ("fireworks-ai",), able=True),
    "friendli": Origin(("friendliai",), "friendliai/", ("friendli",)),
    "gemini": Origin(("gemini",), "gemini/", ("google",)),
    "gmi": Origin(("gmi",), "gmi/", ("gmicloud",)),
    "groq": Origin(("groq",), "groq/", ("groq",)),
    "heroku-inference": Origin(("heroku",), "heroku/"),
    "hunyuan": Origin(("tencent",), "tencent/", ("tencent-tokenhub",)),
    "hyperbolic": Origin(("hyperbolic",), "hyperbolic/"),
    "inception": Origin(("inception",), "inception/", ("inception",)),
    "meta": Origin(("meta",), "meta/", ("meta",)),
    "mimo": Origin(("xiaomi_mimo",), "xiaomi_mimo/", ("xiaomi",)),
    "minimax": Origin(("minimax",), "minimax/", ("minimax",)),
    "mistral": Origin(("mistral",), "mistral/", ("mistral",)),
    "moonshot": Origin(("moonshot",), "moonshot/", ("moonshotai",)),
    "nebius": Origin(("nebius",), "nebius/", ("nebius",)),
    "novita": Origin(("novita",), "novita/", ("novita-ai",), listed=True),
    "nscale": Origin(("nscale",), "nscale/"),
    "nvidia": Origin((), "", ("nvidia",)),
    "openai": Origin(("openai",), "", ("openai",)),
    "ovhcloud": Origin(("ovhcloud",), "ovhcloud/", ("ovhcloud",)),
    "perplexity": Origin(("perplexity",), "perplexity/", ("perplexity",), only=r"sonar(?!.*(small|medium))"),
    "perplexity-agent": Origin(("perplexity",), "perplexity/", ("perplexity-agent",), only=r"[^/]+/"),
    "poe": Origin((), "", ("poe",)),
    "requesty": Origin((), "", ("requesty",)),
    "sambanova": Origin(("sambanova",), "sambanova/"),
    "scaleway": Origin(("scaleway",), "scaleway/", ("scaleway",)),
    "siliconflow": Origin((), "", ("siliconflow",)),
    "snowflake": Origin(("snowflake",), "snowflake/", ("snowflake-cortex",)),
    "stepfun": Origin((), "", ("stepfun-ai",)),
    "synthetic": Origin((), "", ("synthetic",)),
    "together": Origin(("together_ai",), "together_ai/", ("togetherai",)),
    "upstage": Origin((), "", ("upstage",)),
    "venice": Origin((), "", ("venice",)),
    "vertex": Origin(
        (
            "vertex_ai",
            "vertex_ai-language-models",
            "vertex_ai-anthropic_models",
            "vertex_ai-mistral_models",
            "vertex_ai-llama_models",
            "vertex_ai-deepseek_models",
            "vertex_ai-qwen_models",
            "vertex_ai-openai_models",
            "vertex_ai-zai_models",
        ),
        "vertex_ai/",
        ("google-vertex", "google-vertex-anthropic"),
    ),
    "volcengine": Origin(("volcengine",), "volcengine/"),
    "watsonx": Origin(("watsonx",), "watsonx/", ("watsonx",)),
    "wandb-inference": Origin(("wandb",), "wandb/", ("wandb",)),
    "xai": Origin(("xai",), "xai/", ("xai",)),
    "zai": Origin(("zai",), "zai/", ("zai",)),
}

_ANSWERS: Final = frozenset({"chat", "responses"})
_OTHER_TRADES: Final = re.compile(r"embed|rerank|moderation|whisper|transcri|-tts|tts-|image-gen|imagen|veo-|lyria|ocr")
_LARGEST: Final = 20_000_000
_DEAREST: Final = Decimal(2000)

_RATES: Final = {
    "input_cost_per_token": "input",
    "output_cost_per_token": "output",
    "cache_read_input_token_cost": "cached_input",
    "cache_creation_input_token_cost": "cache_write",
    "cache_creation_input_token_cost_above_1hr": "cache_write_1h",
    "output_cost_per_reasoning_token": "reasoning",
    "input_cost_per_audio_token": "audio_input",
    "output_cost_per_audio_token": "audio_output",
    "input_cost_per_image_token": "image_input",
    "output_cost_per_image_token": "image_output",
}
_RATE: Final = re.compile(
    rf"({'|'.join(sorted(_RATES, key=len, reverse=True))})(?:_above_(\d+)k_tokens)?(?:_(batches|flex|priority))?"
)
_WIDER: Final = {
    "audio_input": "input",
    "image_input": "input",
    "audio_output": "output",
    "image_output": "output",
    "reasoning": "output",
}
_ABILITIES: Final = {
    "supports_function_calling": "tools",
    "supports_reasoning": "reasoning",
    "supports_response_schema": "structured_outputs",
    "supports_prompt_caching": "prompt_caching",
    "supports_web_search": "web_search",
    "supports_computer_use": "computer_use",
    "supports_url_context": "url_context",
}
_SENSES: Final = {
    "supports_vision": "image",
    "supports_pdf_input": "file",
    "supports_audio_input": "audio",
    "supports_video_input": "video",
}
_KINDS: Final = {"text": "text", "image": "image", "pdf": "file", "audio": "audio", "video": "video"}


def from_litellm(listed: Mapping[str, Any], origin: Origin, today: str) -> dict[str, Entry]:
    """What LiteLLM's file says of a row's models."""
    prefix = re.compile(f"^(?:{origin.prefix})") if origin.prefix else re.compile("^(?!)")
    models: dict[str, Entry] = {}
    for key, said in listed.items():
        if said.get("litellm_provider") not in origin.litellm or said.get("mode") not in _ANSWERS:
            continue
        name = prefix.sub("", key)
        if (
            not re.match(origin.only, name)
            or _is_elsewhere(name, origin)
            or str(said.get("deprecation_date") or "9999") < today
        ):
            continue
        entry = _litellm_entry(said)
        if origin.able and not {"tools", "reasoning"} & {*entry.get("capabilities", ())}:
            continue
        if entry and (name not in models or key == name or len(entry) > len(models[name])):
            models[name] = entry
    return models


def from_models_dev(listed: Mapping[str, Any], origin: Origin) -> dict[str, Entry]:
    """What models.dev says of a row's models."""
    models: dict[str, Entry] = {}
    for provider in origin.models_dev:
        for name, said in listed.get(provider, {}).get("models", {}).items():
            kinds = said.get("modalities", {})
            if (
                "text" not in kinds.get("output", ())
                or _OTHER_TRADES.search(name)
                or said.get("status") == "deprecated"
            ):
                continue
            models.setdefault(name, _models_dev_entry(said))
    return models


def _is_elsewhere(name: str, origin: Origin) -> bool:
    """Whether it is not a model's name: a place stands before it, or it names a price class or a fine-tuned model."""
    if origin.litellm[:1] in (("azure",), ("bedrock",), ("bedrock_mantle",)) and "/" in name:
        return True
    return bool(re.match(r"together-ai-|fireworks-ai-|databricks-meta-llama-.*-dbu|ft:|container$|\d+-month", name))


def _litellm_entry(said: Mapping[str, Any]) -> Entry:
    entry: Entry = {}
    _put_sizes(entry, said.get("max_input_tokens"), said.get("max_output_tokens"))
    told = said.get("supported_modalities")
    senses = [_SENSES[flag] for flag in _SENSES if said.get(flag) is True]
    if told or senses:
        kinds = ["text", *(_KINDS[kind] for kind in told or () if kind in _KINDS), *senses]
        entry["input"] = list(dict.fromkeys(kinds))
    outputs = [_KINDS[kind] for kind in said.get("supported_output_modalities") or () if kind in _KINDS]
    if outputs and outputs != ["text"]:
        entry["output"] = outputs
    abilities = [ability for flag, ability in _ABILITIES.items() if said.get(flag) is True]
    if abilities:
        entry["capabilities"] = abilities
    price = _litellm_price(said)
    if price:
        entry["price"] = price
    return entry


def _models_dev_entry(said: Mapping[str, Any]) -> Entry:
    entry: Entry = {}
    _put_sizes(entry, said["limit"].get("context"), said["limit"].get("output"))
    kinds = said.get("modalities", {})
    entry["input"] = [_KINDS[kind] for kind in kinds.get("input", ()) if kind in _KINDS]
    outputs = [_KINDS[kind] for kind in kinds.get("output", ()) if kind in _KINDS]
    if outputs != ["text"]:
        entry["output"] = outputs
    flags = {"tool_call": "tools", "reasoning": "reasoning", "structured_output": "structured_outputs"}
    entry["capabilities"] = [ability for flag, ability in flags.items() if said.get(flag) is True]
    price = _models_dev_price(said.get("cost") or {})
    if price:
        entry["price"] = price
    return entry


def _put_sizes(entry: Entry, context: object, output: object) -> None:
    if isinstance(context, int) and 0 < context <= _LARGEST:
        entry["context_window"] = context
        if isinstance(output, int) and 0 < output <= context:
            entry["max_output_tokens"] = output


def _litellm_price(said: Mapping[str, Any]) -> Entry | None:
    """The price as a file has it, None where input or output has none, or where nothing costs anything."""
    tariffs: dict[str, dict[int, Entry]] = {}
    for name, value in said.items():
        found = _RATE.fullmatch(name)
        if found and isinstance(value, int | float | Decimal) and not isinstance(value, bool):
            rate, over, service = found.groups()
            steps = tariffs.setdefault({"batches": "batch", None: ""}.get(service, service or ""), {})
            steps.setdefault(int(over or 0) * 1000, {})[_RATES[rate]] = _dollars(value)
    for step in said.get("tiered_pricing") or ():
        over = int(Decimal(str(step["range"][0]))) if "range" in step else 0
        known = {_RATES[name]: _dollars(value) for name, value in step.items() if name in _RATES}
        tariffs.setdefault("", {}).setdefault(over, {}).update(known)
    price = _tariff(tariffs.get("", {}))
    if price is None:
        return None
    services = {
        name: _related(tariff, price) for name in sorted(tariffs) if name and (tariff := _tariff(tariffs[name]))
    }
    return {**price, "services": services} if services else price


def _related(tariff: Entry, price: Entry) -> Entry:
    """A service tier's tariff as a multiple of the usual one, where all of it is."""
    times = tariff["input"] / price["input"] if price["input"] else Decimal(0)
    usual, steps = _by_size(price), _by_size(tariff)
    same = usual.keys() == steps.keys() and all(
        rate == usual[over].get(kind, 0) * times for over, rates in steps.items() for kind, rate in rates.items()
    )
    return {"times": _plain(times)} if same and times else tariff


def _by_size(tariff: Entry) -> dict[int, Entry]:
    """A tariff's rates by the input that they begin at."""
    first = {kind: rate for kind, rate in tariff.items() if kind in _RATES.values()}
    steps = {
        step["over"]: {kind: rate for kind, rate in step.items() if kind != "over"} for step in tariff.get("steps", ())
    }
    return {0: first, **steps}


def _models_dev_price(cost: Mapping[str, Any]) -> Entry | None:
    steps = {0: dict(_models_dev_rates(cost))}
    for tier in cost.get("tiers") or ():
        steps[int(tier["tier"]["size"])] = dict(_models_dev_rates(tier))
    if "context_over_200k" in cost:
        steps.setdefault(200_000, dict(_models_dev_rates(cost["context_over_200k"])))
    return _tariff(steps)


def _models_dev_rates(cost: Mapping[str, Any]) -> Iterator[tuple[str, Decimal]]:
    names = {
        "input": "input",
        "output": "output",
        "cache_read": "cached_input",
        "cache_write": "cache_write",
        "reasoning": "reasoning",
        "input_audio": "audio_input",
        "output_audio": "audio_output",
    }
    for theirs, ours in names.items():
        if cost.get(theirs) is not None:
            yield ours, _plain(Decimal(str(cost[theirs])))


def _dollars(per_token: float | Decimal) -> Decimal:
    """Dollars for a million tokens."""
    return _plain(Decimal(per_token) * 1_000_000)


def _plain(value: Decimal) -> Decimal:
    """The number to a millionth, without what binary fractions left in a list; no exponent, no noughts at its end."""
    return Decimal(f"{round(value, 6).normalize():f}")


def _tariff(steps: Mapping[int, Entry]) -> Entry | None:
    base = _cleaned(steps.get(0, {}))
    if base is None:
        return None
    above = [{"over": over, **rates} for over in sorted(steps) if over and (rates := _narrower(steps[over], base))]
    return {**base, "steps": above} if above else base


def _cleaned(rates: Entry) -> Entry | None:
    """Rates without those that say what a wider kind says anyway, and without noughts that stand for the unknown."""
    if not rates.get("input") and not rates.get("output"):
        return None
    if "input" not in rates or "output" not in rates or max(rates.values()) > _DEAREST:
        return None
    kept = {name: value for name, value in rates.items() if name not in _WIDER or value not in (0, rates[_WIDER[name]])}
    if not kept.get("cache_write"):
        kept.pop("cache_write", None)
    if not kept.get("cached_input"):
        kept.pop("cached_input", None)
    return {name: kept[name] for name in _RATES.values() if name in kept}


def _narrower(rates: Entry, base: Entry) -> Entry:
    return {name: value for name in _RATES.values() if (value := rates.get(name)) and value != base.get(name)}
