public import Base

/// A line of an export: which part it comes from, what kind of thing it is, where it happened, and the thing.
public struct ExportedRecord: Encodable, Sendable {
    /// The product, or `accounts`.
    public let part: String
    /// What kind of thing it is, as in `comment`.
    public let kind: String
    /// In which tenant; `nil` for what belongs to the installation.
    public let tenant: ID<Tenant>?
    private let value: any Encodable & Sendable

    private enum Key: String, CodingKey {
        case part, kind, tenant, value
    }

    init(_ part: String, _ kind: String, _ tenant: Tenant?, _ value: any Encodable & Sendable) {
        self.part = part
        self.kind = kind
        self.tenant = tenant?.id
        self.value = value
    }

    /// Encodes the line as one object.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        try container.encode(part, forKey: .part)
        try container.encode(kind, forKey: .kind)
        try container.encodeIfPresent(tenant, forKey: .tenant)
        try container.encode(value, forKey: .value)
    }
}

/// The first line of an export: what it is and what follows.
struct ExportedHead: Encodable, Sendable {
    let kind = "export"
    let version = 1
    let person: ID<Person>
    let request: ID<PersonalRequest>
    let madeAt: Timestamp
    let parts: [String]
}

struct ExportedProfile: Encodable, Sendable {
    let id: ID<Person>
    let email: String
    let name: String
    let verifiedAt: Timestamp?
    let createdAt: Timestamp

    init(_ profile: Profile) {
        id = profile.id
        email = profile.email.text
        name = profile.name
        verifiedAt = profile.verifiedAt
        createdAt = profile.createdAt
    }
}

struct ExportedPlace: Encodable, Sendable {
    let tenant: String?
    let role: String
    let isOwner: Bool
    let joinedAt: Timestamp

    init(_ place: PlaceOfPerson) {
        tenant = place.tenantName
        role = place.role
        isOwner = place.isOwner
        joinedAt = place.joinedAt
    }
}

struct ExportedAction: Encodable, Sendable {
    let at: Timestamp
    let action: String
    let subjectKind: String
    let subject: String
    let detail: [String: String]

    init(_ entry: AuditEntry) {
        at = entry.madeAt
        action = entry.action
        subjectKind = entry.subjectKind
        subject = entry.subjectID
        detail = entry.detail
    }
}
