import Base
import Storage
import Web

/// The moderators' page of the upload queue.
struct ReviewPageRoutes: Sendable {
    let reviews: ReviewDesk

    private var house: Playhouse { reviews.uploads.house }

    var routes: [Route] { [page, decide] }

    private struct QueueQuery: Input {
        static let fields: [Field] = [
            .query("after", optional: .cursor),
            .query("said", optional: .text(1...40), "What the form before has led to."),
        ]

        let after: Cursor?
        let said: String?
    }

    private var page: Route {
        Route(
            .get, "/tournament/desk/clips", "tournament.showQueue", "Shows the clips that wait for a review.",
            policy: .role(.moderator), limit: .per(.person, "tournament.read", 120), budget: 11
        ) { [self] (request: Request<QueueQuery>) in
            let tenant = request.context.tenant
            let found = try await house.timetable.clips.waiting(after: request.input.after, limit: 10, in: tenant)
            var waiting: [(entered: EnteredClip, slot: Slot?)] = []
            for item in found.items {
                waiting.append((item, try await house.timetable.slot(item.clip.slotID, in: tenant)))
            }
            var page = TournamentPages.page(
                QueuePage(waiting, next: found.next?.description, at: house.clock.now()))
            page.flash = request.input.said.flatMap(TournamentPages.flash)
            return page
        }
    }

    private var decide: Route {
        Route(
            .post, "/tournament/desk/clips/{id}", "tournament.sendClipReview", "Decides about a clip by form.",
            policy: .role(.moderator), limit: ReviewRoutes.moderating, budget: 20, accepts: .form, status: 303
        ) { [reviews] (request: Request<ReviewRoutes.Review>) in
            var word = request.input.verdict == .approve ? "approved" : "rejected"
            do {
                _ = try await reviews.decide(request)
            } catch let problem as Problem where Said.sentence(problem.code) != nil {
                word = problem.code
            }
            return Redirect(to: "\(Addresses.queue)?said=\(word)")
        }
    }
}
