"""Requests for endpoints beside answers, and their dialects, as tests of those need them."""

from __future__ import annotations

import json
from typing import Any

from antiphon.app.upstreams import service_dialects
from antiphon.service_protocols import Answer, Asked, At, Plan, Service, Told
from antiphon.wire.events import split_object

DIALECTS = service_dialects()


def asked(service: Service, *, v2: bool = False, **members: Any) -> Asked:
    body = json.dumps({"model": "alias", **members}).encode()
    return Asked(service=service, id="req_1", model="alias", members=split_object(body), v2=v2)


def planned(service: Service, dialect: str, request: Asked, *, batch: int | None = None, model: str = "m") -> Plan:
    return DIALECTS[service, dialect].plan(request, At("vendor", model, batch))


def bodies(plan: Plan) -> list[Any]:
    return [json.loads(body) for body in plan.bodies]


def told(plan: Plan, *answers: Any, tokens: int | None = None) -> Told:
    return plan.tell([Answer(json.dumps(answer).encode(), tokens) for answer in answers])


def answered(plan: Plan, *answers: Any, tokens: int | None = None) -> Any:
    return json.loads(told(plan, *answers, tokens=tokens).body)
