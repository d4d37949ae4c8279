import Base
import Storage
import Web

/// The pages of uploads: sending a clip, and one's own clips.
struct UploadPageRoutes: Sendable {
    let uploads: UploadDesk
    let reviews: ReviewDesk

    private var house: Playhouse { uploads.house }

    var routes: [Route] { [uploadPage, send, minePage, remove] }

    private static let reading = RouteLimit.per(.person, "tournament.read", 120)

    // MARK: Sending

    private struct UploadQuery: Input {
        static let fields: [Field] = [
            .query("replaces", optional: .id, "A clip that the new one takes the place of."),
            .query("said", optional: .text(1...40), "What the form before has led to."),
        ]

        let replaces: ID<Clip>?
        let said: String?
    }

    private var uploadPage: Route {
        Route(
            .get, "/tournament/upload", "tournament.showUpload", "Shows the form for a new clip.", policy: .signedIn,
            limit: Self.reading, budget: 1
        ) { [self] (request: Request<UploadQuery>) in
            let tenant = request.context.tenant
            let (person, now) = (try request.person(), house.clock.now())
            let programme = try await house.timetable.programme(in: tenant)
            var slots: [Slot] = []
            for track in programme?.tracks ?? [] {
                slots += try await house.timetable.slots(of: track.id, in: tenant).filter { $0.takesClips(at: now) }
            }
            var replaced: Clip?
            if let id = request.input.replaces {
                let found = try await house.timetable.clips.entered(
                    id, through: house.storage.reader(for: tenant), in: tenant)
                replaced = found.flatMap { $0.clip.personID == person ? $0.clip : nil }
            }
            var page = TournamentPages.page(
                UploadPage(season: programme?.season, slots: slots, replacing: replaced, at: now))
            page.flash = request.input.said.flatMap(TournamentPages.flash)
            return page
        }
    }

    /// The form without script: fields first, then the file, which is received as it arrives.
    private var send: Route {
        Route(
            .post, "/tournament/upload", "tournament.sendUploadForm", "Sends a clip by form.", policy: .signedIn,
            limit: UploadRoutes.uploading, budget: 30, bodyLimit: ByteCount(UploadRules.bytesMax + 65_536),
            accepts: .formWithFile, deadline: UploadRules.grace, status: 303
        ) { [self] (request: Request<UploadRoutes.Wish>) in
            let context = request.context
            guard let body = try await PeekedBody(context.body) else {
                return Redirect(to: "\(Addresses.upload)?said=noFile")
            }
            let person = try request.person()
            do {
                let opening = try await uploads.open(try request.input.wish(), for: person, in: context.tenant)
                do {
                    _ = try await uploads.receive(opening.clip.id, from: body, length: nil, in: context.tenant)
                } catch {
                    // A form cannot be sent on where it broke off: its entry goes, and its place is free again. Where that
                    // fails, since whoever sent it is gone, it goes when its time is over.
                    try? await reviews.remove(
                        opening.clip.id, because: nil, by: person, isModerator: false, in: context.tenant)
                    throw error
                }
            } catch let problem as Problem where Said.sentence(problem.code) != nil {
                return Redirect(to: "\(Addresses.upload)?said=\(problem.code)")
            }
            return Redirect(to: "\(Addresses.mine)?said=uploaded")
        }
    }

    // MARK: One's own

    private struct MineQuery: Input {
        static let fields: [Field] = [
            .query("after", optional: .cursor),
            .query("said", optional: .text(1...40), "What the form before has led to."),
        ]

        let after: Cursor?
        let said: String?
    }

    private var minePage: Route {
        Route(
            .get, "/tournament/upload/mine", "tournament.showOwnClips",
            "Shows one's own clips and what became of them.",
            policy: .signedIn, limit: Self.reading, budget: 22
        ) { [self] (request: Request<MineQuery>) in
            let tenant = request.context.tenant
            let clips = house.timetable.clips
            let page = try await clips.made(
                by: try request.person(), after: request.input.after, limit: 20, in: tenant)
            let shown = page.items.filter(\.clip.state.isPublic).map(\.clip.id)
            let views = try await clips.views(of: shown, in: tenant)
            var entries: [MyClipsPage.Entry] = []
            for item in page.items {
                let slot = try await house.timetable.slot(item.clip.slotID, in: tenant)
                let standing =
                    item.clip.state == .active ? try await house.standing(of: item.clip, in: tenant) : nil
                entries.append(
                    MyClipsPage.Entry(
                        entered: item, slot: slot, views: views[item.clip.id] ?? 0, standing: standing))
            }
            var shownPage = TournamentPages.page(MyClipsPage(entries, next: page.next?.description))
            shownPage.flash = request.input.said.flatMap(TournamentPages.flash)
            return shownPage
        }
    }

    private struct OfClip: Input {
        static let fields: [Field] = [.path("clip", .id, "The clip.")]

        let clip: ID<Clip>
    }

    private var remove: Route {
        Route(
            .post, "/tournament/clips/{clip}/remove", "tournament.sendClipRemoval",
            "Takes a clip of one's own back by form.",
            policy: .signedIn, limit: .per(.person, "tournament.api", 60), budget: 12, accepts: .form, status: 303
        ) { [self] (request: Request<OfClip>) in
            do {
                try await reviews.remove(
                    request.input.clip, because: nil, by: try request.person(), isModerator: false,
                    in: request.context.tenant)
            } catch let problem as Problem where Said.sentence(problem.code) != nil {
                return Redirect(to: "\(Addresses.mine)?said=\(problem.code)")
            }
            return Redirect(to: "\(Addresses.mine)?said=removed")
        }
    }
}

/// A body of which the first bytes were looked at, so that a form without a file costs nothing.
struct PeekedBody: AsyncSequence, Sendable {
    typealias Element = RequestBody.Element

    private let first: Element
    private let rest: RequestBody

    /// Waits for the first bytes; `nil` when there are none.
    init?(_ body: RequestBody) async throws {
        var iterator = body.makeAsyncIterator()
        guard let first = try await iterator.next() else { return nil }
        self.first = first
        rest = body
    }

    func makeAsyncIterator() -> Iterator { Iterator(first: first, rest: rest.makeAsyncIterator()) }

    struct Iterator: AsyncIteratorProtocol {
        var first: Element?
        var rest: RequestBody.Iterator

        mutating func next() async throws -> Element? {
            if let first {
                self.first = nil
                return first
            }
            return try await rest.next()
        }
    }
}
