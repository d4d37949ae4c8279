import Accounts
import Base
import Web

/// Inviting colleagues, from the page of the team: the platform keeps invitations, the product gives seats names.
struct InvitationPageRoutes: Sendable {
    let office: Office

    var routes: [Route] { [invite, withdraw] }

    private struct InviteSent: Input {
        static let fields: [Field] = [.body("email", .text(0...320)), .body("seat", .choice(Seat.self))]

        let email: String
        let seat: Seat
    }

    /// The link is shown in the answer itself, and nowhere else.
    private var invite: Route {
        Route(
            .post, PathTemplate(Addresses.team + "/invitations"), "inbox.sendInvitation",
            "Invites a colleague by form and shows the link once.", policy: .signedIn, limit: Rates.writing, budget: 4,
            accepts: .form
        ) { [office] (request: Request<InviteSent>) -> Either<HTMLPage, Redirect> in
            let input = request.input
            var made: Secret<String>?
            let redirect = try await Said.after(Addresses.team, anchor: "invitations") {
                made = try await refusing {
                    let person = try request.context.person(atLeast: .admin)
                    return try await Self.accounts {
                        try await office.invitations.invite(
                            input.email, as: input.seat.role, by: person,
                            authority: request.principal.role ?? .member, to: request.tenant
                        ).token
                    }
                }
                return "invited"
            }
            guard let made else { return .second(redirect) }
            let page = InvitedPage(
                frame: try await office.frames.frame(.team, for: request.context), email: input.email.trimmed,
                link: Invitations.address(
                    of: made, at: office.origin(of: request.context), leadingTo: Addresses.base))
            return .first(InboxPages.page("Invited", "invited", page, styles: ["work.css"]))
        }
    }

    private var withdraw: Route {
        Route(
            .post, PathTemplate(Addresses.team + "/invitations/{id}/withdrawal"), "inbox.sendInvitationWithdrawal",
            "Takes an invitation back by form.", policy: .signedIn, limit: Rates.writing, budget: 2, accepts: .form,
            status: 303
        ) { [office] (request: Request<ByID<Invitation>>) in
            try await Said.after(Addresses.team, anchor: "invitations") {
                try await refusing {
                    let person = try request.context.person(atLeast: .admin)
                    try await Self.accounts {
                        try await office.invitations.withdraw(
                            request.input.id, of: request.tenant, by: person,
                            authority: request.principal.role ?? .member)
                    }
                }
                return "invitationWithdrawn"
            }
        }
    }

    /// Runs what Accounts does, with its refusals as HTTP tells them.
    private static func accounts<Result>(_ work: () async throws -> Result) async throws -> Result {
        do {
            return try await work()
        } catch let error as AccountsError {
            throw Problem(error.code.rawValue, error.message)
        }
    }
}

/// Somebody is invited: the one time that the link is shown.
struct InvitedPage: Sendable {
    let frame: Frame
    let email: String
    let link: String
    let backHref = Addresses.team
}

extension TeamPage {
    /// An invitation that waits.
    struct InvitationLine: Sendable {
        let email: String
        let seat: String
        let state: String
        let isOver: Bool
        let withdrawAction: String

        init(_ invitation: Invitation, at now: Timestamp) {
            let isOpen = invitation.state(at: now) == .open
            email = invitation.email.text
            seat = Seat(invitation.role).rawValue
            isOver = !isOpen
            state =
                isOpen
                ? "by \(invitation.inviterName), good until \(Wording.day(invitation.expiresAt, now: now))"
                : "not good any more: invite again, or take it off the list"
            withdrawAction = "\(Addresses.team)/invitations/\(invitation.id)/withdrawal"
        }
    }

    /// The seats that somebody may give: none above their own.
    static func seats(for seat: Seat) -> [Option] {
        Seat.allCases.filter { $0 <= seat }.map {
            Option(value: $0.rawValue, label: $0.rawValue, isChosen: $0 == .agent)
        }
    }
}
