import Base
import Web

extension RequestContext {
    /// Who asks, with their seat; the seat must be at least the one that is named.
    ///
    /// - Throws: `discovery.notAllowed`.
    func asker(atLeast seat: Seat = .viewer) throws -> Asker {
        Asker(person: try person(atLeast: seat), seat: principal.role.map(Seat.init) ?? .viewer)
    }
}

extension Request {
    /// Who asks, with their seat; the seat must be at least the one that is named.
    func asker(atLeast seat: Seat = .viewer) throws -> Asker { try context.asker(atLeast: seat) }
}
