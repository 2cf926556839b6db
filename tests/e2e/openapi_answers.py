"""Checks real answers against the schemas of the OpenAPI document."""

import json
import re

import jsonschema


class OpenApiAnswers:
    def __init__(self, document):
        self.document = document
        self.resolver = jsonschema.RefResolver("", document)
        self.seen = set()  # (method, path template, status)
        self.templates = [
            (re.compile("^" + re.sub(r"\{\w+\}", "[^/]+", path) + "$"), path) for path in document["paths"]
        ]

    def resolve(self, value):
        return self.resolver.resolve(value["$ref"])[1] if "$ref" in value else value

    def check(self, method, path, status, headers, text):
        """Raises where the answer is none that the document describes. Answers of the edge (405 …) are not in it."""
        plain = path.split("?")[0]
        template = next((name for pattern, name in self.templates if pattern.match(plain)), None)
        assert template, f"{plain} is not in the document"
        operation = self.document["paths"][template].get(method.lower())
        if operation is None:
            assert status == 405, f"{method} {template} is not in the document and answered {status}"
            return
        response = operation["responses"].get(str(status))
        assert response is not None, f"{method} {template} answered {status}, which the document does not list: {text[:300]}"
        self.seen.add((method, template, status))
        content = self.resolve(response).get("content", {})
        media_type = (headers.get("Content-Type") or "").split(";")[0]
        assert media_type in content, f"{method} {template} {status} answered {media_type}, the document has {list(content)}"
        schema = content[media_type].get("schema")
        if schema is not None and media_type.endswith("json"):
            jsonschema.Draft202012Validator(schema, resolver=self.resolver).validate(json.loads(text))
