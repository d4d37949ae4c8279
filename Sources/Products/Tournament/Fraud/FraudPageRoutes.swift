import Base
import Storage
import Web

/// The desk's pages and forms.
struct FraudPageRoutes {
    let house: Playhouse

    private var desk: FraudDesk { house.fairness.desk }

    var routes: [Route] { [deskPage, casePage, removal, dismissal, ban, recount] }

    private struct DeskQuery: Input {
        static let fields: [Field] = [
            .query("state", optional: .choice(FraudCase.State.self), default: "open"),
            .query("after", optional: .cursor), .query("said", optional: .text(1...40)),
        ]

        let state: String
        let after: Cursor?
        let said: String?
    }

    private var deskPage: Route {
        Route(
            .get, "/tournament/desk", "tournament.showDesk", "Shows what waits for moderators.",
            policy: .role(.moderator), limit: FraudRoutes.limit, budget: 1
        ) { [house, desk] (request: Request<DeskQuery>) in
            let tenant = request.context.tenant
            let state = FraudCase.State(rawValue: request.input.state) ?? .open
            let page = try await desk.cases.page(state, after: request.input.after, limit: 20, in: tenant)
            var slots: [ID<Slot>: Slot] = [:]
            for track in try await house.timetable.programme(in: tenant)?.tracks ?? [] {
                for slot in try await house.timetable.slots(of: track.id, in: tenant) { slots[slot.id] = slot }
            }
            var html = TournamentPages.page(
                DeskPage(
                    page.items, state: state, slots: slots, next: page.next.map { "\($0)" }, at: house.clock.now()))
            html.flash = request.input.said.flatMap(TournamentPages.flash)
            return html
        }
    }

    private struct CaseQuery: Input {
        static let fields: [Field] = [.path("id", .id), .query("said", optional: .text(1...40))]

        let id: ID<FraudCase>
        let said: String?
    }

    private var casePage: Route {
        Route(
            .get, "/tournament/desk/fraud/{id}", "tournament.showFraudCase",
            "Shows a case with the effect of a removal.", policy: .role(.moderator), limit: FraudRoutes.limit,
            budget: 9, failures: [FraudRoutes.missing]
        ) { [desk] (request: Request<CaseQuery>) in
            guard let dossier = try await desk.dossier(request.input.id, in: request.context.tenant) else {
                throw Problem(TournamentError(.notFound, "There is no such case."))
            }
            var html = TournamentPages.page(FraudCasePage(dossier))
            html.flash = request.input.said.flatMap(TournamentPages.flash)
            return html
        }
    }

    // MARK: Forms

    private struct DecisionForm: Input {
        static let fields: [Field] = [.path("id", .id), .body("reason", FraudRoutes.reason)]

        let id: ID<FraudCase>
        let reason: String
    }

    private var removal: Route {
        Route(
            .post, "/tournament/desk/fraud/{id}/removal", "tournament.sendVoteRemoval", "Takes votes out, by form.",
            policy: .role(.moderator), limit: FraudRoutes.limit, budget: 40, accepts: .form, status: 303,
            failures: [FraudRoutes.missing, FraudRoutes.decided]
        ) { [desk] (request: Request<DecisionForm>) in
            try await said(request.input.id, "votesRemoved") {
                _ = try await desk.remove(
                    request.input.id, reason: request.input.reason, by: RemovalSteps.Moderator(request.context),
                    in: request.context.tenant)
            }
        }
    }

    private var dismissal: Route {
        Route(
            .post, "/tournament/desk/fraud/{id}/dismissal", "tournament.sendCaseDismissal",
            "Lets votes stand, by form.",
            policy: .role(.moderator), limit: FraudRoutes.limit, budget: 3, accepts: .form, status: 303,
            failures: [FraudRoutes.missing, FraudRoutes.decided]
        ) { [desk] (request: Request<DecisionForm>) in
            try await said(request.input.id, "votesStand") {
                try await desk.dismiss(
                    request.input.id, reason: request.input.reason, by: RemovalSteps.Moderator(request.context),
                    in: request.context.tenant)
            }
        }
    }

    private struct BanForm: Input {
        static let fields: [Field] = [
            .path("voter", .id), .body("isBanned", .boolean), .body("case", .id),
        ]

        let voter: ID<Voter>
        let isBanned: Bool
        let `case`: ID<FraudCase>
    }

    private var ban: Route {
        Route(
            .post, "/tournament/desk/voters/{voter}/ban", "tournament.sendBan", "Bans or admits a voter, by form.",
            policy: .role(.moderator), limit: FraudRoutes.limit, budget: 3, accepts: .form, status: 303,
            failures: [FraudRoutes.missing]
        ) { [desk] (request: Request<BanForm>) in
            let input = request.input
            return try await said(input.case, input.isBanned ? "voterBanned" : "voterAdmitted") {
                try await desk.ban(
                    input.voter, isBanned: input.isBanned, reason: "case \(input.case)",
                    by: RemovalSteps.Moderator(request.context), in: request.context.tenant)
            }
        }
    }

    private struct SlotForm: Input {
        static let fields: [Field] = [.path("slot", .id)]

        let slot: ID<Slot>
    }

    private var recount: Route {
        Route(
            .post, "/tournament/slots/{slot}/recount", "tournament.sendRecount", "Counts a slot anew, by form.",
            policy: .role(.moderator), limit: FraudRoutes.limit, budget: 20, accepts: .form, status: 303,
            failures: [FraudRoutes.missing]
        ) { [desk] (request: Request<SlotForm>) in
            let winner = try await desk.recount(
                request.input.slot, by: RemovalSteps.Moderator(request.context), in: request.context.tenant)
            guard winner != nil else { throw Problem(TournamentError(.notFound, "This slot has no result yet.")) }
            return Redirect(to: Addresses.results(request.input.slot))
        }
    }

    /// Back to the case, with what was done or the code of the refusal.
    private func said(_ id: ID<FraudCase>, _ done: String, _ work: () async throws -> Void) async throws -> Redirect {
        var word = done
        do {
            try await work()
        } catch let error as TournamentError where error.code == .caseDecided {
            word = error.code.rawValue
        } catch let error as TournamentError {
            throw Problem(error)
        }
        return Redirect(to: "\(Addresses.fraudCase(id))?said=\(word)")
    }
}
