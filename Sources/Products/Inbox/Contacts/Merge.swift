import Base

/// Two contacts that turned out to be one, with exactly what moved, so that it can be undone.
struct Merge: Sendable, Hashable {
    enum Bounds {
        /// Points and conversations that one merge moves.
        static let moved = 2_000
    }

    /// What moved.
    struct Moved: Sendable, Hashable, Codable {
        /// The points at which channels know the one that was taken in.
        var points: [ID<ContactPoint>] = []
        var conversations: [ID<Conversation>] = []
        /// Fields of the other that were empty and were filled.
        var filled: [String] = []
        /// Fields of the other that were replaced, as they were.
        var replaced: [Replaced] = []
    }

    /// A field that was replaced by the other's.
    struct Replaced: Sendable, Hashable, Codable {
        let field: String
        let former: String?
        let taken: String
    }

    let id: ID<Merge>
    let from: ID<Contact>
    let into: ID<Contact>
    let moved: Moved
    let person: ID<Person>
    let at: Timestamp
    var undoneAt: Timestamp?
}

extension Contact {
    /// Takes over what it does not know itself from another, and tells which fields those were.
    mutating func fill(from other: Contact) -> [String] {
        var filled: [String] = []
        func take(_ name: String, _ own: inout String?, _ value: String?) {
            guard own == nil, let value else { return }
            own = value
            filled.append(name)
        }
        take("email", &email, other.email)
        take("phone", &phone, other.phone)
        take("locale", &locale, other.locale)
        for (key, value) in other.fields.sorted(by: { $0.key < $1.key }) where fields[key] == nil {
            guard fields.count < Bounds.fields else { break }
            fields[key] = value
            filled.append("fields.\(key)")
        }
        return filled
    }

    /// The values of all fields by their names, as a merge lets choose between them.
    var values: [String: String] {
        var values = ["name": name]
        values["email"] = email
        values["phone"] = phone
        values["locale"] = locale
        for (key, value) in fields { values["fields.\(key)"] = value }
        return values
    }

    /// Writes a field by its name; a name is never emptied.
    mutating func set(_ field: String, to value: String?) {
        switch field {
        case "name": name = value ?? name
        case "email": email = value
        case "phone": phone = value
        case "locale": locale = value
        default:
            guard field.hasPrefix("fields.") else { return }
            fields[String(field.dropFirst("fields.".count))] = value
        }
    }

    /// Takes another's values of the chosen fields in the place of its own, and tells what they replaced.
    mutating func take(_ chosen: Set<String>, from other: Contact) -> [Merge.Replaced] {
        let (own, theirs) = (values, other.values)
        var replaced: [Merge.Replaced] = []
        for field in chosen.sorted() {
            guard let value = theirs[field], let former = own[field], former != value else { continue }
            set(field, to: value)
            replaced.append(Merge.Replaced(field: field, former: former, taken: value))
        }
        return replaced
    }

    /// Gives back what was replaced, unless somebody has changed it since.
    mutating func giveBack(_ replaced: [Merge.Replaced]) {
        for one in replaced where values[one.field] == one.taken { set(one.field, to: one.former) }
    }

    /// Gives back what was filled from another, unless somebody has changed it since.
    mutating func unfill(_ filled: [String], from other: Contact) {
        if filled.contains("email"), email == other.email { email = nil }
        if filled.contains("phone"), phone == other.phone { phone = nil }
        if filled.contains("locale"), locale == other.locale { locale = nil }
        for (key, value) in other.fields where filled.contains("fields.\(key)") && fields[key] == value {
            fields[key] = nil
        }
    }
}
