import Base
import Web

/// Who answers customers, and since when: what was there before is not unread for them.
struct Agent: Sendable, Hashable {
    let person: ID<Person>
    let seat: Seat
    let joinedAt: Timestamp
    /// The channels that they do not see, in order.
    var hidden: [ID<Channel>] = []

    func sees(_ channel: ID<Channel>) -> Bool { !hidden.contains(channel) }
}

/// What a person may do in a company: agents answer, administrators also set up, owners also connect channels.
///
/// A seat is the role that the platform keeps for the tenant, under the product's names.
enum Seat: String, Sendable, Hashable, Codable, CaseIterable, Comparable {
    case agent, admin, owner

    init(_ role: Role) {
        switch role {
        case .member: self = .agent
        case .moderator: self = .admin
        case .administrator, .operator: self = .owner
        }
    }

    /// The platform's role of the seat.
    var role: Role {
        switch self {
        case .agent: .member
        case .admin: .moderator
        case .owner: .administrator
        }
    }

    static func < (left: Seat, right: Seat) -> Bool { left.role < right.role }
}

extension RequestContext {
    /// The person with a session, who must have at least a seat.
    ///
    /// - Throws: `inbox.notAllowed`.
    func person(atLeast seat: Seat) throws -> ID<Person> {
        let person = try person()
        guard principal.has(seat.role) else {
            throw Problem(
                InboxError(
                    .notAllowed, "This needs the seat of an \(seat.rawValue); ask an owner of the company.",
                    context: ["seat": seat.rawValue]))
        }
        return person
    }
}
