import Base
import Storage
import Web

/// The product's pages: what is read from the desks becomes a model, and the model a page.
struct PageRoutes {
    let house: Playhouse

    private var timetable: Timetable { house.timetable }
    private var feed: FeedDesk { house.feed }
    private var votes: VoteDesk { house.votes }
    private var boards: BoardDesk { house.boards }
    private var results: ResultDesk { house.results }
    private var clock: any WallClock { house.clock }

    private static let reading = RouteLimit.per(.voter, "tournament.read", 120)
    private static let voting = RouteLimit.per(.voter, "tournament.vote", 30)
    private static let unknown = Failure("tournament.notFound", 404, "There is no such thing, or not any more.")

    // MARK: Inputs

    private struct ClipQuery: Input {
        var clip: ID<Clip>
        /// What a form that was sent before has led to: a kind of vote, `withdrawn`, or the code of a refusal.
        var said: String?
        /// Where the page of comments begins.
        var after: Cursor?

        static let fields: [Field] = [
            .path("clip", .id), .query("said", optional: .text(1...40), "What the form before has led to."),
            .query("after", optional: .cursor, "Where the page of comments begins."),
        ]
    }

    private struct SlotQuery: Input {
        var slot: ID<Slot>
        var said: String?

        static let fields: [Field] = [
            .path("slot", .id), .query("said", optional: .text(1...40), "What the form before has led to."),
        ]
    }

    private struct TrackQuery: Input {
        var track: ID<Track>?
        var said: String?

        static let fields: [Field] = [
            .query("track", optional: .id), .query("said", optional: .text(1...40), "What the form before has led to."),
        ]
    }

    private struct FilmQuery: Input {
        /// The slot whose scene is played first.
        var from: Int?

        static let fields: [Field] = [.query("from", optional: .integer(1...1_000), "The slot to play from.")]
    }

    private struct BoardQuery: Input {
        var kind: String
        var scope: String?
        var order: String
        var after: String?
        var around: ID<Ranked>?

        static let fields: [Field] = [
            .path("kind", .choice(BoardPage.Kind.self)), .query("scope", optional: .text(1...36)),
            .query("order", optional: .choice(BoardPage.Order.self), default: "score"),
            .query("after", optional: .cursor), .query("around", optional: .id),
        ]
    }

    private struct VoteSent: Input {
        var clipId: ID<Clip>
        var kind: String

        static let fields: [Field] = [
            .body("clipId", .id), .body("kind", .choice(["normal", "super", "mega", "withdraw"])),
        ]
    }

    // MARK: Routes

    var routes: [Route] { [feedPage, clipPage, boardPage, resultPage, timetablePage, filmPage] + forms + socialRoutes }

    private var feedPage: Route {
        Route(
            .get, "/tournament", "tournament.showFeed", "Shows the next clips to watch and vote for.", policy: .voter,
            limit: Self.reading, budget: 1
        ) { [self] (request: Request<NoInput>) in
            let page = try await feed.page(for: try house.voter(request.context), in: request.context.tenant)
            let comments = try await house.comments.counts(of: page.slot?.id, in: request.context.tenant)
            return TournamentPages.page(FeedPage(page, comments: comments, at: clock.now()))
        }
    }

    private var clipPage: Route {
        Route(
            .get, "/tournament/clips/{clip}", "tournament.showClip", "Shows a clip and its numbers.", policy: .voter,
            limit: Self.reading, budget: 2, failures: [Self.unknown]
        ) { [self] (request: Request<ClipQuery>) in
            let tenant = request.context.tenant
            guard let clip = try await timetable.clip(request.input.clip, in: tenant), clip.state.isPublic,
                let slot = try await timetable.slot(clip.slotID, in: tenant),
                let season = try await season(of: slot, in: tenant)
            else { throw TournamentError(.notFound, "There is no such clip, or it has been removed.") }
            let isRunning = clip.state == .active && slot.state == .voting
            let record =
                isRunning
                ? try await votes.record(
                    of: try house.voter(request.context), in: slot.id, rules: season.rules, tenant: tenant)
                : VoterRecord(allowance: Allowance(used: 0, at: clock.now(), rules: season.rules))
            let numbers = try await numbers(of: clip, slot: slot, season: season, in: tenant)
            var page = TournamentPages.page(
                ClipPage(
                    clip, slot: slot, season: season, numbers: numbers, given: record.given[clip.id],
                    power: VotingPower(record),
                    comments: try await house.commentSection(
                        of: clip.id, after: request.input.after, for: request.context), at: clock.now()))
            page.stylesheets.append("tournament/social.css")
            page.flash = request.input.said.flatMap(TournamentPages.flash)
            return page
        }
    }

    private var boardPage: Route {
        Route(
            .get, "/tournament/boards/{kind}", "tournament.showBoard", "Shows a leaderboard.", policy: .voter,
            limit: Self.reading, budget: 1, cache: .privateRevalidate,
            failures: [Self.unknown, Failure("tournament.boardMoved", 410, "This version of the board is gone.")]
        ) { [self] (request: Request<BoardQuery>) in
            let (input, tenant) = (request.input, request.context.tenant)
            guard let kind = BoardPage.Kind(rawValue: input.kind), let key = BoardKey.Kind(rawValue: input.kind),
                let order = BoardDesk.Order(rawValue: input.order)
            else { throw TournamentError(.notFound, "There is no such board.") }
            let programme = try await timetable.programme(in: tenant)
            guard let key = try await boards.key(key, scope: input.scope, in: tenant) else {
                return TournamentPages.page(BoardPage(nothingIn: programme?.season, kind: kind, at: clock.now()))
            }
            var query = BoardDesk.Query(key: key)
            query.order = order
            query.after = input.after.flatMap(BoardCursor.init)
            query.around = input.around
            let page = try await boards.page(query, in: tenant)
            let slot =
                kind == .slot
                ? try await ID<Slot>(key.scope).asyncFlatMap { try await timetable.slot($0, in: tenant) } : nil
            return TournamentPages.page(
                BoardPage(
                    page, kind: kind, marked: input.around, own: try own(kind, request.context),
                    season: programme?.season, slot: slot, at: clock.now()))
        }
    }

    private var resultPage: Route {
        Route(
            .get, "/tournament/slots/{slot}", "tournament.showResult", "Shows the result of a slot and its evidence.",
            policy: .voter, limit: Self.reading, budget: 1, cache: .privateRevalidate, failures: [Self.unknown]
        ) { [self] (request: Request<SlotQuery>) in
            let tenant = request.context.tenant
            if let result = try await results.result(of: request.input.slot, in: tenant) {
                let scheme = request.context.isSecure ? "https" : "http"
                return TournamentPages.page(
                    ResultPage(result, origin: "\(scheme)://\(request.context.header("host") ?? request.context.host)"))
            }
            guard let slot = try await timetable.slot(request.input.slot, in: tenant),
                let season = try await season(of: slot, in: tenant)
            else { throw TournamentError(.notFound, "There is no such slot.") }
            let clips = try await timetable.clips(of: slot.id, in: tenant).clips.count
            let reminded = slot.state == .voting ? nil : try await house.remindedSlots(request.context)
            var page = TournamentPages.page(
                ResultPage(
                    openSlot: slot, season: season, clips: clips, isReminded: reminded.map { $0.contains(slot.id) },
                    at: clock.now()))
            page.flash = request.input.said.flatMap(TournamentPages.flash)
            return page
        }
    }

    private var timetablePage: Route {
        Route(
            .get, "/tournament/timetable", "tournament.showTimetable", "Shows all slots of the season and the rules.",
            policy: .voter, limit: Self.reading, budget: 1, failures: [Self.unknown]
        ) { [self] (request: Request<TrackQuery>) in
            let tenant = request.context.tenant
            guard let programme = try await timetable.programme(in: tenant) else {
                return TournamentPages.page(FeedPage(nothingOpenIn: nil, next: nil, at: clock.now()))
            }
            let wanted = request.input.track
            guard let track = wanted.map({ id in programme.tracks.first { $0.id == id } }) ?? programme.main else {
                throw TournamentError(.notFound, "There is no such track.")
            }
            var page = TournamentPages.page(
                try await timetablePage(programme, track, request.context))
            page.flash = request.input.said.flatMap(TournamentPages.flash)
            return page
        }
    }

    private func timetablePage(
        _ programme: Timetable.Programme, _ track: Track, _ context: RequestContext
    ) async throws -> TimetablePage {
        let tenant = context.tenant
        let season = programme.season
        let scenes = try await results.film(of: season.id, in: tenant).filter { $0.trackID == track.id }
        let winners = Dictionary(scenes.map { ($0.position, $0.clip) }, uniquingKeysWith: { first, _ in first })
        let slots = try await timetable.slots(of: track.id, in: tenant)
        let open = slots.first { $0.state == .voting || $0.state == .counting }
        let cast = try await open.asyncFlatMap { try await timetable.clips(of: $0.id, in: tenant) }
        var total: Int?
        if let open, !season.rules.isBlind {
            let board = try await boards.keeper.shelf(BoardKey(kind: .slot, scope: "\(open.id)"), in: tenant).byScore
            if board.count <= 10_000 { total = board.entries.reduce(0) { $0 + Int($1.voters) } }
        }
        return TimetablePage(
            season: season, track: track, tracks: programme.tracks,
            entries: slots.map { slot in
                TimetablePage.Entry(
                    slot: slot, winner: winners[slot.position], clips: slot.id == open?.id ? cast?.clips.count ?? 0 : 0)
            }, posters: cast?.clips.prefix(5).compactMap(\.files.poster) ?? [], votes: total,
            reminded: try await house.remindedSlots(context), canDirect: context.principal.has(.administrator),
            at: clock.now())
    }

    private var filmPage: Route {
        Route(
            .get, "/tournament/film", "tournament.showFilm", "Shows the winners in sequence.", policy: .voter,
            limit: Self.reading, budget: 0, cache: .privateRevalidate
        ) { [self] (request: Request<FilmQuery>) in
            let tenant = request.context.tenant
            guard let season = try await timetable.programme(in: tenant)?.season else {
                return TournamentPages.page(FeedPage(nothingOpenIn: nil, next: nil, at: clock.now()))
            }
            let scenes = try await results.film(of: season.id, in: tenant)
            return TournamentPages.page(FilmPage(season: season, scenes: scenes, from: request.input.from))
        }
    }

    // MARK: Forms, for browsers without script

    private var forms: [Route] {
        [
            Route(
                .post, "/tournament/votes", "tournament.sendVote", "Votes by form.", policy: .voter, limit: Self.voting,
                budget: 1, accepts: .form, status: 303
            ) { [self] (request: Request<VoteSent>) in
                guard let kind = Vote.Kind(rawValue: request.input.kind) else {
                    return try await withdraw(request)
                }
                return try await said(request, else: kind.rawValue) {
                    _ = try await house.cast(kind, on: request.input.clipId, by: request.context)
                }
            },
            Route(
                .post, "/tournament/votes/withdraw", "tournament.sendWithdrawal", "Takes a vote back by form.",
                policy: .voter, limit: Self.voting, budget: 1, accepts: .form, status: 303
            ) { [self] (request: Request<VoteSent>) in try await withdraw(request) },
            Route(
                .post, "/tournament/slots/{slot}/close", "tournament.closeSlot", "Ends voting in a slot now, by form.",
                policy: .role(.administrator), limit: .per(.person, "tournament.direct", 10), budget: 40,
                accepts: .form,
                status: 303, failures: [Self.unknown]
            ) { [self] (request: Request<SlotQuery>) in
                let outcome = try await house.steps.close(request.input.slot, in: request.context.tenant)
                if case .decided = outcome { return Redirect(to: Addresses.results(request.input.slot)) }
                return Redirect(to: "\(Addresses.timetable)?said=\(outcome == .nothing ? "unchanged" : "undecided")")
            },
        ]
    }

    private func withdraw(_ request: Request<VoteSent>) async throws -> Redirect {
        try await said(request, else: "withdrawn") {
            _ = try await house.withdraw(from: request.input.clipId, by: request.context)
        }
    }

    /// Back to the clip, with what was done or the code of the refusal that pages have a sentence for.
    private func said(
        _ request: Request<VoteSent>, else done: String, _ work: () async throws -> Void
    ) async throws -> Redirect {
        var word = done
        do {
            try await work()
        } catch let problem as Problem where problem.code == TournamentError.Code.captchaRequired.rawValue {
            return Redirect(to: Addresses.captcha(backTo: request.input.clipId))
        } catch let problem as Problem where Said.sentence(problem.code) != nil {
            word = problem.code
        }
        return Redirect(to: "\(Addresses.clip(request.input.clipId))?said=\(word)")
    }

    // MARK: Parts

    /// The entry of a board that stands for whoever asks.
    private func own(_ kind: BoardPage.Kind, _ context: RequestContext) throws -> ID<Ranked>? {
        switch kind {
        case .voters: try house.voter(context).id.cast(to: ID<Ranked>.self)
        case .creators: context.principal.person?.cast(to: ID<Ranked>.self)
        default: nil
        }
    }

    private func season(of slot: Slot, in tenant: Tenant) async throws -> Season? {
        if let current = try await timetable.programme(in: tenant)?.season, current.id == slot.seasonID {
            return current
        }
        return try await results.result(of: slot.id, in: tenant)?.season
    }

    private func numbers(
        of clip: Clip, slot: Slot, season: Season, in tenant: Tenant
    ) async throws -> ClipPage.Numbers? {
        if season.rules.isBlind, !slot.state.isClosed { return nil }
        if let result = try await results.result(of: slot.id, in: tenant) {
            guard let index = result.winner.standings.firstIndex(where: { $0.clipID == clip.id }) else { return nil }
            let standing = result.winner.standings[index]
            return ClipPage.Numbers(
                score: standing.score, votes: standing.voters, rank: index + 1, rivals: result.winner.standings.count)
        }
        let board = try await boards.keeper.shelf(BoardKey(kind: .slot, scope: "\(slot.id)"), in: tenant).byScore
        guard let standing = FeedDesk.standing(of: clip.id, on: board) else { return nil }
        return ClipPage.Numbers(
            score: standing.score, votes: standing.votes, rank: standing.rank, rivals: board.count)
    }
}

extension Optional {
    /// `flatMap` for a body that waits.
    fileprivate func asyncFlatMap<Result>(_ body: (Wrapped) async throws -> Result?) async rethrows -> Result? {
        guard let self else { return nil }
        return try await body(self)
    }
}
