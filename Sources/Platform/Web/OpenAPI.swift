/// The description of the API, made from the declarations (OpenAPI 3.1).
public enum OpenAPI {
    /// The document for `routes`; pages and assets are left out.
    ///
    /// - Parameters:
    ///   - routes: the routes, as mounted.
    ///   - title: the API's name.
    ///   - version: the API's version.
    /// - Returns: the document.
    public static func document(_ routes: [Route], title: String, version: String) -> JSONValue {
        var paths: [JSONValue.Member] = []
        let shown = routes.filter { $0.content.mediaType != Content.html.mediaType && !$0.path.isOpenEnded }
        for (path, group) in Dictionary(grouping: shown, by: { $0.path.description }).sorted(by: { $0.key < $1.key }) {
            let operations = group.sorted { $0.method.rawValue < $1.method.rawValue }.map { route in
                JSONValue.Member(route.method.rawValue.lowercased(), operation(route))
            }
            paths.append(.init(path, .object(operations)))
        }
        return [
            "openapi": "3.1.0",
            "info": ["title": .text(title), "version": .text(version)],
            "paths": .object(paths),
            "components": [
                "schemas": ["Problem": problem],
                "responses": ["Problem": problemResponse("A refusal or failure.")],
                "securitySchemes": [
                    "session": ["type": "apiKey", "in": "cookie", "name": .text(Sessions.cookieName)],
                    "key": ["type": "http", "scheme": "bearer"],
                ],
            ],
        ]
    }

    private static func operation(_ route: Route) -> JSONValue {
        var members: [JSONValue.Member] = [
            .init("operationId", .text(route.name)), .init("summary", .text(route.summary)),
            .init("tags", .list([.text(String(route.name.prefix { $0 != "." }))])),
        ]
        let parameters = route.fields.filter { $0.place != .body }.map(parameter)
        if !parameters.isEmpty { members.append(.init("parameters", .list(parameters))) }
        let body = route.fields.filter { $0.place == .body }
        if !body.isEmpty {
            let schema = schema(.object(body))
            var content: [JSONValue.Member] = []
            if route.accepts != .form, route.accepts != .formWithFile {
                content.append(.init("application/json", ["schema": schema]))
            }
            if route.accepts == .form {
                content.append(.init("application/x-www-form-urlencoded", ["schema": schema]))
            }
            if route.accepts == .formWithFile { content.append(.init("multipart/form-data", ["schema": schema])) }
            let isRequired = body.contains(where: \.isRequired)
            members.append(.init("requestBody", ["required": .boolean(isRequired), "content": .object(content)]))
        }
        if route.accepts == .bytes {
            members.append(
                .init("requestBody", ["required": true, "content": ["application/octet-stream": [:]]]))
        }
        members.append(.init("responses", responses(route)))
        switch route.policy {
        case .anyone, .voter: break
        case .signedIn, .role, .operator: members.append(.init("security", [["session": []]]))
        case .apiKey: members.append(.init("security", [["key": []]]))
        case .roleOrKey: members.append(.init("security", [["session": []], ["key": []]]))
        }
        return .object(members)
    }

    private static func parameter(_ field: Field) -> JSONValue {
        var schema = schema(field.shape)
        if let fallback = field.fallback, case .object(let members) = schema {
            schema = .object(members + [.init("default", fallback)])
        }
        return [
            "name": .text(field.name), "in": .text(field.place.rawValue), "required": .boolean(field.isRequired),
            "description": .text(field.summary), "schema": schema,
        ]
    }

    private static func responses(_ route: Route) -> JSONValue {
        var success: [JSONValue.Member] = [.init("description", "Success.")]
        if let mediaType = route.content.mediaType {
            let type = String(mediaType.prefix { $0 != ";" })
            let content: JSONValue = route.content.shape.map { ["schema": schema($0)] } ?? [:]
            success.append(.init("content", .object([.init(type, content)])))
        }
        var responses: [Int: JSONValue] = [route.status: .object(success)]
        if route.cache.hasValidator { responses[304] = ["description": "What the client has is still good."] }
        if route.accepts != .json || route.content.mediaType == nil { responses[303] = ["description": "See there."] }
        var reasons: [Int: [String]] = [:]
        for failure in route.failures {
            reasons[failure.status, default: []].append("`\(failure.code)`: \(failure.summary)")
        }
        for (status, reason) in platform(route) { reasons[status, default: []].append(reason) }
        for (status, reason) in reasons { responses[status] = problemResponse(reason.joined(separator: " ")) }
        let members = responses.sorted { $0.key < $1.key }.map { JSONValue.Member(String($0.key), $0.value) }
        return .object(members + [.init("default", ["$ref": "#/components/responses/Problem"])])
    }

    /// What any route like this may be refused with before its handler runs.
    private static func platform(_ route: Route) -> [(Int, String)] {
        var reasons: [(Int, String)] = [
            (404, "Nothing is served at this address or host."), (503, "Try again later."),
            (500, "A mistake of ours."),
        ]
        if !route.fields.isEmpty { reasons.append((400, "The input was refused.")) }
        if !route.fields.isEmpty { reasons.append((414, "The address is too long.")) }
        if route.content.mediaType != nil { reasons.append((406, "The answer has another form.")) }
        if route.policy != .anyone && route.policy != .voter { reasons.append((401, "Nobody is signed in.")) }
        reasons.append((401, "The API key is unknown."))
        if !route.method.isSafe || route.policy != .anyone { reasons.append((403, "This is not allowed.")) }
        if route.readsBody {
            reasons.append((413, "The body is larger than \(route.bodyLimit)."))
            reasons.append((408, "The body did not arrive in time."))
        }
        if !route.method.isSafe { reasons.append((415, "The body is written in another form.")) }
        reasons.append((429, "A limit is used up."))
        if case .bytes = route.content.kind { reasons.append((416, "The range lies outside.")) }
        return reasons
    }

    private static func problemResponse(_ text: String) -> JSONValue {
        [
            "description": .text(text),
            "content": ["application/problem+json": ["schema": ["$ref": "#/components/schemas/Problem"]]],
        ]
    }

    private static let problem: JSONValue = [
        "type": "object",
        "required": ["type", "title", "status", "detail", "code"],
        "properties": [
            "type": ["type": "string"], "title": ["type": "string"],
            "status": ["type": "integer", "minimum": 400, "maximum": 599],
            "detail": ["type": "string"], "code": ["type": "string"], "trace": ["type": "string"],
            "retryAfter": ["type": "integer", "minimum": 1], "left": ["type": "integer"],
            "errors": [
                "type": "array",
                "items": [
                    "type": "object", "required": ["field", "code", "detail"],
                    "properties": [
                        "field": ["type": "string"], "code": ["type": "string"], "detail": ["type": "string"],
                    ],
                ],
            ],
        ],
    ]

    private static func schema(_ shape: Shape) -> JSONValue {
        switch shape {
        case .text(let length):
            return [
                "type": "string", "minLength": .integer(Int64(length.lowerBound)),
                "maxLength": .integer(Int64(length.upperBound)),
            ]
        case .integer(let range):
            return [
                "type": "integer", "minimum": .integer(Int64(range.lowerBound)),
                "maximum": .integer(Int64(range.upperBound)),
            ]
        case .number(let range):
            guard range.upperBound < .greatestFiniteMagnitude else { return ["type": "number"] }
            return ["type": "number", "minimum": .number(range.lowerBound), "maximum": .number(range.upperBound)]
        case .boolean: return ["type": "boolean"]
        case .choice(let words): return ["type": "string", "enum": .list(words.map { .text($0) })]
        case .id: return ["type": "string", "format": "uuid"]
        case .timestamp: return ["type": "string", "format": "date-time"]
        case .day: return ["type": "string", "format": "date"]
        case .cursor: return ["type": "string", "minLength": 1, "maxLength": 512]
        case .list(let element, let count):
            return [
                "type": "array", "items": schema(element), "minItems": .integer(Int64(count.lowerBound)),
                "maxItems": .integer(Int64(count.upperBound)),
            ]
        case .object(let fields):
            let properties = fields.map { field in
                var schema = field.isRequired ? schema(field.shape) : nullable(schema(field.shape))
                if case .object(let members) = schema {
                    var members = members
                    if let fallback = field.fallback { members.append(.init("default", fallback)) }
                    if !field.summary.isEmpty { members.append(.init("description", .text(field.summary))) }
                    schema = .object(members)
                }
                return JSONValue.Member(field.name, schema)
            }
            let required = fields.filter(\.isRequired).map { JSONValue.text($0.name) }
            var members: [JSONValue.Member] = [.init("type", "object"), .init("properties", .object(properties))]
            if !required.isEmpty { members.append(.init("required", .list(required))) }
            return .object(members)
        case .optional(let wrapped): return nullable(schema(wrapped))
        case .any: return [:]
        }
    }

    private static func nullable(_ schema: JSONValue) -> JSONValue {
        guard case .object(var members) = schema, let index = members.firstIndex(where: { $0.name == "type" }),
            case .text = members[index].value
        else { return schema }
        members[index].value = [members[index].value, "null"]
        if let choices = members.firstIndex(where: { $0.name == "enum" }),
            case .list(let words) = members[choices].value
        {
            members[choices].value = .list(words + [.null])
        }
        return .object(members)
    }
}

extension Content {
    enum Kind { case json, bytes, other }

    var kind: Kind { shape != nil ? .json : mediaType == "*/*" ? .bytes : .other }
}

extension PathTemplate {
    var isOpenEnded: Bool { segments.contains { if case .rest = $0 { true } else { false } } }
}
