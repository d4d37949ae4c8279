import Base
import Hosting
import InboxVendors

/// Where one of the demo's companies lives, and who works there.
struct DemoPlace: Sendable {
    let company: DemoCompany
    let tenant: Tenant
    /// The owner, then the agents, in the order of ``DemoCompany/agents``.
    let people: [ID<Person>]
    /// What makes ids; the same in every demo.
    let seed: UInt64
    /// Whether it was filled before.
    let isFilled: Bool

    /// Who has a conversation: the agent whom the demo names, and of every fifth one the owner, who answers too.
    func assignee(of talk: DemoConversation) -> ID<Person>? {
        guard let name = talk.assignee else { return nil }
        if talk.number % 5 == 0 { return people.first }
        return company.agents.firstIndex(of: name).flatMap { people.dropFirst($0 + 1).first } ?? people.last
    }

    /// Whose a reply is; `nil` for the company's.
    func owner(of reply: DemoReply) -> ID<Person>? {
        reply.owner.flatMap(company.agents.firstIndex).flatMap { people.dropFirst($0 + 1).first }
    }

    /// The companies: two with addresses of their own, and a branch for whoever looks at the first address.
    ///
    /// - Parameters:
    ///   - stage: Where they are.
    ///   - isFilled: Whether one is complete, so that nobody is appointed there again.
    ///   - id: Somebody who works where nobody may be appointed.
    /// - Returns: All of them.
    /// - Throws: Errors of Accounts and of storage.
    static func all(
        on stage: DemoStage, isFilled: (Tenant) async throws -> Bool, orElse id: () -> ID<Person>
    ) async throws -> [DemoPlace] {
        var places: [DemoPlace] = []
        let lumen = try await stage.tenant(slug: "lumen-bikes", named: DemoCompany.lumenBikes.name)
        let verde = try await stage.tenant(slug: "casa-verde", named: DemoCompany.casaVerde.name)
        for (company, tenant, domain, seed) in [
            (DemoCompany.lumenBikes, lumen, "lumenbikes.example", UInt64(0x1B0C_0001)),
            (.casaVerde, verde, "casaverde.example", 0x1B0C_0002), (home, stage.home, "", 0x1B0C_0003),
        ] {
            let isFilled = try await isFilled(tenant)
            var people: [ID<Person>] = []
            if !isFilled {
                // At home the demo's own people answer, so that whoever signs in finds what is theirs.
                people =
                    domain.isEmpty
                    ? try await stage.people(in: tenant, limit: company.agents.count + 1)
                    : try await appoint(company, at: domain, in: tenant, on: stage)
                if people.isEmpty { people = [id()] }
            }
            places.append(
                DemoPlace(company: company, tenant: tenant, people: people, seed: seed, isFilled: isFilled))
        }
        return places
    }

    private static let home = DemoCompany.lumenBikes.branch(
        "Lumen Bikes South", accounts: "home",
        scale: DemoCompany.Scale(
            contacts: 300, doubles: 9, conversations: 320, messages: 2_500, open: 60, unassigned: 12, pressing: 3,
            snoozed: 6))

    private static func appoint(
        _ company: DemoCompany, at domain: String, in tenant: Tenant, on stage: DemoStage
    ) async throws -> [ID<Person>] {
        var people: [ID<Person>] = []
        for (place, name) in ([company.owner] + company.agents).enumerated() {
            // The first of the agents sets things up with the owner.
            let seat: Seat = place == 0 ? .owner : place == 1 ? .admin : .agent
            let person = try await stage.appoint(
                "\(name.lowercased())@\(domain)", named: name, as: seat.role, in: tenant)
            if let person { people.append(person) }
        }
        return people
    }
}
