import Base
import Web

/// What a person may do in a workspace: viewers read, editors work, owners also see what it costs and change the plan.
///
/// A seat is the role that the platform keeps for the tenant, under the product's names: members view, moderators edit,
/// administrators own.
enum Seat: String, Sendable, Hashable, Codable, CaseIterable, Comparable {
    case viewer, editor, owner

    init(_ role: Role) {
        switch role {
        case .member: self = .viewer
        case .moderator: self = .editor
        case .administrator, .operator: self = .owner
        }
    }

    /// The platform's role of the seat.
    var role: Role {
        switch self {
        case .viewer: .member
        case .editor: .moderator
        case .owner: .administrator
        }
    }

    static func < (left: Seat, right: Seat) -> Bool { left.role < right.role }
}

extension RequestContext {
    /// The person with a session, who must have at least a seat.
    ///
    /// - Throws: `discovery.notAllowed`.
    func person(atLeast seat: Seat) throws -> ID<Person> {
        let person = try person()
        guard principal.has(seat.role) else {
            throw Problem(
                DiscoveryError(
                    .notAllowed, "This needs the seat of an \(seat.rawValue); ask an owner of the workspace.",
                    context: ["seat": seat.rawValue]))
        }
        return person
    }
}

extension Request {
    /// The person with a session, who must have at least a seat.
    func person(atLeast seat: Seat) throws -> ID<Person> { try context.person(atLeast: seat) }
}
