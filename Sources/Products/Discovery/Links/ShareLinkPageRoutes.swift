import Base
import Storage
import Web

/// Pages and forms by which lists are shared.
struct ShareLinkPageRoutes {
    let room: WorkroomDesk

    var routes: [Route] { [sharing, links, revoke, members, shared] }

    private struct SharingQuery: Input {
        let id: ID<CreatorList>
        let said: String?

        static let fields: [Field] = [.path("id", .id), .query("said", optional: .text(1...40))]
    }

    private var sharing: Route {
        Route(
            .get, "/discovery/lists/{id}/links", "discovery.showSharing", "Shows who sees a list, and by which links.",
            policy: .signedIn, limit: Rates.reading, budget: 3, failures: [Failures.missing]
        ) { [self] (request: Request<SharingQuery>) in
            try await refusing {
                try await sharingPage(
                    request.input.id, newToken: nil, by: try request.asker(), in: request.tenant,
                    said: request.input.said)
            }
        }
    }

    private func sharingPage(
        _ id: ID<CreatorList>, newToken: String?, by asker: Asker, in tenant: Tenant, said: String?
    ) async throws -> HTMLPage {
        let board = try await room.lists.board(id, for: asker, in: tenant)
        let members = try await room.lists.store.members(of: id, in: tenant)
        let links = board.shown.role == .owner ? try await room.links.store.links(of: id, in: tenant) : []
        let names = try await room.names.names(of: members.map(\.person), in: tenant)
        return DiscoveryPages.listPage(
            "Sharing of \(board.shown.list.name)", "sharing",
            SharingPage(
                board.shown, members: members, names: names, links: links, newToken: newToken, at: room.clock.now()),
            said: said)
    }

    private struct LinkSent: Input {
        let id: ID<CreatorList>
        let days: Int

        static let fields: [Field] = [
            .path("id", .id), .body("days", optional: .integer(ShareLink.Bounds.days), default: .integer(30)),
        ]
    }

    /// The answer shows the link, as nobody can tell it again.
    private var links: Route {
        Route(
            .post, "/discovery/lists/{id}/links", "discovery.sendLink", "Makes a link to a list by form.",
            policy: .signedIn, limit: Rates.writing, budget: 8, accepts: .form,
            failures: [Failures.missing, Failures.notAllowed, ListRoutes.limit]
        ) { [self] (request: Request<LinkSent>) in
            try await refusing {
                let asker = try request.asker(atLeast: .editor)
                let (_, token) = try await room.links.create(
                    for: request.input.id, days: request.input.days, by: asker, in: request.tenant)
                return try await sharingPage(
                    request.input.id, newToken: token, by: asker, in: request.tenant, said: nil)
            }
        }
    }

    private struct RevokeSent: Input {
        let id: ID<CreatorList>
        let link: ID<ShareLink>

        static let fields: [Field] = [.path("id", .id), .body("link", .id)]
    }

    private var revoke: Route {
        Route(
            .post, "/discovery/lists/{id}/links/revoke", "discovery.sendRevocation", "Takes a link back by form.",
            policy: .signedIn, limit: Rates.writing, budget: 3, accepts: .form, status: 303
        ) { [room] (request: Request<RevokeSent>) in
            try await Said.after(Addresses.list(request.input.id, "links")) {
                try await refusing {
                    try await room.links.revoke(
                        request.input.link, of: request.input.id, by: try request.asker(atLeast: .editor),
                        in: request.tenant)
                }
                return "linkRevoked"
            }
        }
    }

    private struct MemberSent: Input {
        let id: ID<CreatorList>
        let person: ID<Person>
        let role: String

        static let fields: [Field] = [
            .path("id", .id), .body("person", .id), .body("role", .choice(["viewer", "editor", "owner", "none"])),
        ]
    }

    private var members: Route {
        Route(
            .post, "/discovery/lists/{id}/members", "discovery.sendListMember", "Changes somebody's role by form.",
            policy: .signedIn, limit: Rates.writing, budget: 3, accepts: .form, status: 303
        ) { [room] (request: Request<MemberSent>) in
            let input = request.input
            return try await Said.after(Addresses.list(input.id, "links")) {
                try await refusing {
                    let asker = try request.asker(atLeast: .editor)
                    if let role = ListRole(rawValue: input.role) {
                        try await room.lists.setMember(
                            input.person, role, of: input.id, by: asker, in: request.tenant)
                    } else {
                        try await room.lists.removeMember(
                            input.person, of: input.id, by: asker, in: request.tenant)
                    }
                }
                return "memberChanged"
            }
        }
    }

    private struct SharedQuery: Input {
        let token: String
        let after: Cursor?

        static let fields: [Field] = [.path("token", .text(1...64)), .query("after", optional: .cursor)]
    }

    /// Open to everybody who has the link; nothing of it is kept by anybody, so that a revoked link is one at once.
    private var shared: Route {
        Route(
            .get, "/discovery/shared/{token}", "discovery.showShared", "Shows a list to those who have a link.",
            policy: .anyone, limit: .per(.address, "discovery.shared", 60), budget: 2,
            failures: [Failures.missing, Failures.cursor]
        ) { [room] (request: Request<SharedQuery>) in
            try await refusing {
                let (board, page) = try await room.links.open(
                    request.input.token, after: request.input.after, in: request.tenant)
                return DiscoveryPages.listPage(
                    board.list.name, "shared-list",
                    SharedListPage(
                        board, page.items, next: page.next?.description, token: request.input.token))
            }
        }
    }
}
