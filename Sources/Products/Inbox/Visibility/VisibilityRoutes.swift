import Base
import Web

/// Who sees which channel, over HTTP.
struct VisibilityRoutes: Sendable {
    let office: Office

    var routes: [Route] { [show, set] }

    private struct OfChannel: Input {
        static let fields: [Field] = [.path("id", .id, "The channel.")]

        let id: ID<Channel>
    }

    private struct AgentsOutput: Output {
        static let shape = Shape.object([.body("agents", .list(.id), "Nobody: everybody sees the channel.")])

        let agents: [ID<Person>]
    }

    private var show: Route {
        Route(
            .get, "/channels/{id}/agents", "inbox.listChannelAgents", "Tells for whom a channel is.",
            policy: .signedIn, limit: Rates.reading, budget: 0, failures: [Failures.notAllowed]
        ) { [office] (request: Request<OfChannel>) in
            try await refusing {
                _ = try request.context.person(atLeast: .admin)
                let named = try await office.visible.agents(in: request.tenant)[request.input.id] ?? []
                return AgentsOutput(agents: named.sorted())
            }
        }
    }

    private struct AgentsInput: Input {
        static let fields: [Field] = [
            .path("id", .id, "The channel."),
            .body("agents", .list(.id, 0...VisibilityDesk.Bounds.agents), "Nobody: everybody sees the channel."),
        ]

        let id: ID<Channel>
        let agents: [ID<Person>]
    }

    private var set: Route {
        Route(
            .put, "/channels/{id}/agents", "inbox.setChannelAgents", "Says for whom a channel is.",
            policy: .signedIn, limit: Rates.writing, budget: 3, status: 204,
            failures: [Failures.notAllowed, Failures.missing, Failures.limit]
        ) { [office] (request: Request<AgentsInput>) in
            try await refusing {
                _ = try request.context.person(atLeast: .admin)
                try await office.visible.set(request.input.agents, for: request.input.id, in: request.tenant)
                return NoContent()
            }
        }
    }
}
