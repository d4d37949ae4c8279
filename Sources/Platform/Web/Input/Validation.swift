import Base

/// Turns what came by path, query and body into one checked value, or into all the reasons why not.
struct Validation {
    enum Bounds {
        static let cursorCharacters = 512
        static let valuesMax = 64
    }

    private(set) var errors: [FieldError] = []

    /// Checks every field; the result holds each declared value under its name, with fallbacks filled in.
    static func check(
        _ fields: [Field], path: [(name: String, value: String)], query: [FormValue], body: JSONValue?,
        form: [FormValue]?
    ) throws(Problem) -> JSONValue {
        var validation = Validation()
        var members: [JSONValue.Member] = []
        members.reserveCapacity(fields.count)
        for field in fields {
            let value: JSONValue?
            switch field.place {
            case .path:
                value = path.first { $0.name == field.name }.flatMap { validation.read($0.value, as: field) }
            case .query: value = validation.read(query, as: field, blankIsAbsent: false)
            case .body:
                if let form {
                    value = validation.read(form, as: field, blankIsAbsent: true)
                } else {
                    value = validation.member(of: body, as: field)
                }
            }
            if let value = value ?? field.fallback { members.append(JSONValue.Member(field.name, value)) }
        }
        guard validation.errors.isEmpty else { throw Problem.invalid(validation.errors) }
        return .object(members)
    }

    private mutating func member(of body: JSONValue?, as field: Field) -> JSONValue? {
        guard let value = body?[field.name] else {
            if field.isRequired { missing(field.name) }
            return nil
        }
        if value == .null, !field.isRequired { return nil }
        return check(value, as: field.shape, at: field.name)
    }

    private mutating func read(_ text: String, as field: Field) -> JSONValue? {
        guard let value = Self.value(of: text, as: field.shape) else {
            refuse(field.name, "type", "must be \(Self.noun(field.shape))")
            return nil
        }
        return check(value, as: field.shape, at: field.name)
    }

    private mutating func read(_ values: [FormValue], as field: Field, blankIsAbsent: Bool) -> JSONValue? {
        var found = values.filter { $0.name == field.name }
        if blankIsAbsent { found.removeAll { $0.value.isEmpty } }
        if case .list(let element, _) = field.shape {
            guard !found.isEmpty else {
                if field.isRequired { missing(field.name) }
                return nil
            }
            let elements = found.compactMap { Self.value(of: $0.value, as: element) }
            guard elements.count == found.count else {
                refuse(field.name, "type", "must hold \(Self.noun(element)) in each place")
                return nil
            }
            return check(.list(elements), as: field.shape, at: field.name)
        }
        guard let first = found.first else {
            if field.isRequired { missing(field.name) }
            return nil
        }
        guard found.count == 1 else {
            refuse(field.name, "invalid", "is given \(found.count) times; give it once")
            return nil
        }
        return read(first.value, as: field)
    }

    private mutating func missing(_ name: String) { refuse(name, "missing", "is missing; give a value") }

    private mutating func refuse(_ name: String, _ code: String, _ reason: String) {
        guard errors.count < Bounds.valuesMax else { return }
        errors.append(FieldError(field: name, code: code, detail: "\(name) \(reason)."))
    }

    /// Text of a path, query or form as a value of the shape; `nil` when it is none.
    private static func value(of text: String, as shape: Shape) -> JSONValue? {
        switch shape {
        case .integer: return Int64(text).map { .integer($0) }
        case .number:
            guard text.utf8.allSatisfy({ (48...57).contains($0) || "+-.eE".utf8.contains($0) }),
                let value = Double(text)
            else { return nil }
            return .number(value)
        case .boolean:
            switch text {
            case "true", "on": return .boolean(true)
            case "false": return .boolean(false)
            default: return nil
            }
        case .optional(let wrapped): return value(of: text, as: wrapped)
        case .list(let element, _): return value(of: text, as: element).map { .list([$0]) }
        case .object, .any: return nil
        case .text, .choice, .id, .timestamp, .day, .cursor: return .text(text)
        }
    }

    private mutating func check(_ value: JSONValue, as shape: Shape, at name: String) -> JSONValue? {
        switch (shape, value) {
        case (.optional, .null): return value
        case (.optional(let wrapped), _): return check(value, as: wrapped, at: name)
        case (.any, _): return value
        case (.text(let length), .text(let text)): return checkText(text, length, at: name) ? value : nil
        case (.integer(let range), .integer(let number)):
            if Int(number) < range.lowerBound || Int(number) > range.upperBound {
                refuse(name, "range", "must be from \(range.lowerBound) to \(range.upperBound)")
            }
        case (.number(let range), .integer(let number)):
            return check(.number(Double(number)), as: .number(range), at: name)
        case (.number(let range), .number(let number)):
            if !number.isFinite || !range.contains(number) {
                refuse(name, "range", "must be from \(range.lowerBound) to \(range.upperBound)")
            }
        case (.boolean, .boolean): break
        case (.choice(let words), .text(let text)):
            if !words.contains(text) { refuse(name, "choice", "must be one of \(words.joined(separator: ", "))") }
        case (.id, .text(let text)):
            if ID<Person>(text) == nil { refuse(name, "format", "must be an id of 36 characters") }
        case (.timestamp, .text(let text)):
            if Timestamp(text) == nil { refuse(name, "format", "must be a time such as 2026-11-21T08:44:40Z") }
        case (.day, .text(let text)):
            if CalendarDay(text) == nil { refuse(name, "format", "must be a day such as 2026-11-21") }
        case (.cursor, .text(let text)): return checkText(text, 1...Bounds.cursorCharacters, at: name) ? value : nil
        case (.list(let element, let count), .list(let elements)):
            return checkList(elements, of: element, count, at: name)
        case (.object(let fields), .object): return checkObject(value, fields, at: name)
        default: refuse(name, "type", "must be \(Self.noun(shape))")
        }
        return value
    }

    private mutating func checkText(_ text: String, _ length: ClosedRange<Int>, at name: String) -> Bool {
        if text.utf8.contains(0) {
            refuse(name, "format", "contains the character NUL; remove it")
            return false
        }
        let count = text.unicodeScalars.count
        guard length.contains(count) else {
            refuse(
                name, "length",
                "has \(count) characters; it must have \(length.lowerBound) to \(length.upperBound)")
            return false
        }
        return true
    }

    private mutating func checkList(
        _ elements: [JSONValue], of shape: Shape, _ count: ClosedRange<Int>, at name: String
    ) -> JSONValue? {
        guard count.contains(elements.count) else {
            refuse(
                name, "length",
                "has \(elements.count) elements; it must have \(count.lowerBound) to \(count.upperBound)")
            return nil
        }
        return .list(
            elements.enumerated().compactMap { check($0.element, as: shape, at: "\(name).\($0.offset)") })
    }

    private mutating func checkObject(_ value: JSONValue, _ fields: [Field], at name: String) -> JSONValue {
        var members: [JSONValue.Member] = []
        for field in fields {
            let path = "\(name).\(field.name)"
            guard let member = value[field.name], member != .null || field.isRequired else {
                if field.isRequired { missing(path) }
                if let fallback = field.fallback { members.append(JSONValue.Member(field.name, fallback)) }
                continue
            }
            if let checked = check(member, as: field.shape, at: path) {
                members.append(JSONValue.Member(field.name, checked))
            }
        }
        return .object(members)
    }

    private static func noun(_ shape: Shape) -> String {
        switch shape {
        case .text, .cursor: "text"
        case .integer: "a whole number"
        case .number: "a number"
        case .boolean: "true or false"
        case .choice(let words): "one of \(words.joined(separator: ", "))"
        case .id: "an id of 36 characters"
        case .timestamp: "a time such as 2026-11-21T08:44:40Z"
        case .day: "a day such as 2026-11-21"
        case .list: "a list"
        case .object: "an object"
        case .optional(let wrapped): noun(wrapped)
        case .any: "any value"
        }
    }
}
