import Base
import Storage
import Web

extension Office {
    /// The person who asks, who may see the conversation: one statement for who does not see all channels, else none.
    ///
    /// - Throws: `inbox.notAllowed`; `inbox.notFound` for a conversation of a channel that they do not see.
    func person(of context: RequestContext, at id: ID<Conversation>) async throws -> ID<Person> {
        let agent = try await agents.agent(of: context)
        guard !agent.hidden.isEmpty else { return agent.person }
        let head = try await head(id, in: context.tenant)
        guard agent.sees(head.channelID) else { throw InboxError.missing("conversation") }
        return agent.person
    }

    /// - Throws: `inbox.notFound`.
    func head(_ id: ID<Conversation>, in tenant: Tenant) async throws -> Conversation {
        let found = try await conversations.store.conversation(id, through: storage.reader(for: tenant), in: tenant)
        guard let found else { throw InboxError.missing("conversation") }
        return found
    }

    /// Gives a conversation to the team of an id, or to none when that is empty.
    ///
    /// - Throws: `inbox.notFound` without such a team or conversation.
    func move(
        _ id: ID<Conversation>, toTeam name: String, by person: ID<Person>, in tenant: Tenant
    ) async throws {
        let team = ID<Team>(name)
        let isKnown = try await teams.teams(in: tenant).contains { $0.id == team }
        guard name.isEmpty || isKnown else { throw InboxError.missing("team") }
        _ = try await conversations.move(id, to: team, by: person, in: tenant)
    }

    /// Those who answer here, by name; who has no place in the company any more is left out.
    func colleagues(in tenant: Tenant) async throws -> [ID<Person>: String] {
        let people = try await agents.all(in: tenant)
        return try await names.names(of: people, in: tenant).filter { $0.value != NameKeeper.nobody }
    }

    /// Where this installation is reached, without a slash at its end: as was said, else as the client has reached it.
    func origin(of context: RequestContext) -> String {
        reach.publicAddress ?? "\(context.isSecure ? "https" : "http")://\(context.header("host") ?? context.host)"
    }

    /// A name of a message that no other has.
    func chanceID() -> String { ID<Message>(at: clock.now(), using: randomness).description }
}
