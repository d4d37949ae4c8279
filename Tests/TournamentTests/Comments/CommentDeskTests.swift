import Base
import BaseTestKit
import Storage
import StorageBackends
import StorageTestKit
import Testing

@testable import Tournament

@Suite(.databases) struct CommentDeskTests {
    @Test(arguments: Backend.all)
    func `a page has the newest first, replies below them, and one's own in every state`(backend: Backend) async throws
    {
        try await Stage.with(backend) { stage in
            let scene = try await stage.openSeason(clips: 2)
            let clip = scene.clips[0]
            var posted: [Comment] = []
            for number in 0..<23 {
                stage.clock.advance(by: .seconds(1))
                posted.append(try await stage.post("number \(number)", on: clip, by: stage.person(number)))
            }
            stage.clock.advance(by: .seconds(1))
            let waiting = try await stage.post("waits", on: clip, by: stage.person(1), state: .pending)
            for number in 0..<7 {
                stage.clock.advance(by: .seconds(1))
                _ = try await stage.post(
                    "reply \(number)", on: clip, by: stage.person(number), replyingTo: posted[22].id)
            }
            _ = try await stage.house.comments.setLike(
                true, of: posted[22].id, by: stage.person(1), in: stage.tenant)
            let store = stage.house.comments.store
            let first = try await store.page(of: clip.id, for: nil, after: nil, limit: 20, in: stage.tenant)
            #expect(first.total == 30 && first.comments.count == 20)
            #expect(first.comments.map(\.comment.text) == (3..<23).reversed().map { "number \($0)" })
            #expect(first.comments[0].replies.map(\.comment.text) == (0..<5).map { "reply \($0)" })
            #expect(first.comments[0].hasMoreReplies && !first.comments[1].hasMoreReplies)
            #expect(first.comments[0].replies[0].comment.createdAt > posted[22].createdAt)
            #expect(first.comments[0].replies[0].comment.personID == stage.person(0))
            let second = try await store.page(
                of: clip.id, for: nil, after: first.next.flatMap(Cursor.init), limit: 20, in: stage.tenant)
            #expect(second.comments.map(\.comment.text) == ["number 2", "number 1", "number 0"] && second.next == nil)
            let own = try await store.page(
                of: clip.id, for: stage.person(1), after: nil, limit: 20, in: stage.tenant)
            #expect(own.comments.prefix(2).map(\.comment.id) == [waiting.id, posted[22].id])
            #expect(own.comments[0].comment.state == .pending && own.comments[1].isLiked)
            let rest = try await store.page(
                of: clip.id, for: stage.person(1), after: own.next.flatMap(Cursor.init), limit: 20, in: stage.tenant)
            #expect(rest.comments.map(\.comment.text) == (0..<4).reversed().map { "number \($0)" })
            let replies = try await store.replies(
                to: posted[22].id, of: clip.id, for: nil, after: nil, limit: 5, in: stage.tenant)
            #expect(replies.comments.count == 5 && replies.next != nil)
            #expect(try await stage.house.comments.counts(of: scene.slots[0].id, in: stage.tenant) == [clip.id: 30])
            #expect(try await stage.socialFaults() == [])
        }
    }

    @Test(arguments: Backend.all)
    func `replies have no replies, and nothing is said to what is not there`(backend: Backend) async throws {
        try await Stage.with(backend) { stage in
            let scene = try await stage.openSeason(clips: 2)
            let top = try await stage.post("top", on: scene.clips[0], by: stage.person(1))
            let reply = try await stage.post("reply", on: scene.clips[0], by: stage.person(2), replyingTo: top.id)
            let hidden = try await stage.post("hidden", on: scene.clips[0], by: stage.person(1), state: .pending)
            let refused: [(Clip, ID<Comment>)] = [
                (scene.clips[0], reply.id), (scene.clips[1], top.id), (scene.clips[0], hidden.id),
                (scene.clips[0], ID(high: 1, low: 1)),
            ]
            for (clip, parent) in refused {
                await #expect(throws: TournamentError.self) {
                    _ = try await stage.post("no", on: clip, by: stage.person(3), replyingTo: parent)
                }
            }
            #expect(try await stage.count("SELECT id FROM comments WHERE tenant_id = \(stage.tenant)") == 3)
            await #expect(throws: TournamentError.self) {
                _ = try await stage.house.comments.setLike(true, of: hidden.id, by: stage.person(3), in: stage.tenant)
            }
            #expect(try await stage.socialFaults() == [])
        }
    }

    @Test(arguments: Backend.all)
    func `a comment counts from its approval until it is taken out, and each decision is written down`(
        backend: Backend
    ) async throws {
        try await Stage.with(backend) { stage in
            let scene = try await stage.openSeason(clips: 1)
            let comment = try await stage.post("well", on: scene.clips[0], by: stage.person(1), state: .pending)
            let desk = stage.house.comments
            func total() async throws -> Int {
                try await desk.store.page(
                    of: scene.clips[0].id, for: stage.person(1), after: nil, limit: 20, in: stage.tenant
                ).total
            }
            #expect(try await total() == 0)
            for _ in 0..<2 {
                _ = try await desk.review(
                    comment.id, .approve, reason: nil, by: stage.person(9), in: stage.tenant)
                #expect(try await total() == 1)
            }
            let rejected = try await desk.review(
                comment.id, .reject, reason: "Off topic.", by: stage.person(9), in: stage.tenant)
            #expect(rejected.reason == "Off topic." && rejected.state == .rejected)
            #expect(try await total() == 0)
            #expect(
                try await stage.count(
                    """
                    SELECT action FROM audit_entries WHERE tenant_id = \(stage.tenant)
                        AND subject_id = \(comment.id.description)
                        AND action IN ('comment.approved', 'comment.rejected')
                    """) == 3)
            #expect(try await stage.socialFaults() == [])
        }
    }

    @Test(arguments: Backend.all) func `two likes at once are two, the same twice is one`(backend: Backend) async throws
    {
        try await Stage.with(backend) { stage in
            let scene = try await stage.openSeason(clips: 1)
            let comment = try await stage.post("well", on: scene.clips[0], by: stage.person(1))
            let other = stage.otherNode()
            try await withThrowingTaskGroup { group in
                for number in 0..<24 {
                    let desk = number.isMultiple(of: 2) ? stage.house.comments : other.comments
                    group.addTask {
                        _ = try await desk.setLike(
                            true, of: comment.id, by: stage.person(number / 3), in: stage.tenant)
                    }
                }
                try await group.waitForAll()
            }
            let page = try await stage.house.comments.store.page(
                of: scene.clips[0].id, for: nil, after: nil, limit: 20, in: stage.tenant)
            #expect(page.comments[0].comment.likes == 8)
            for _ in 0..<2 {
                #expect(
                    try await stage.house.comments.setLike(
                        false, of: comment.id, by: stage.person(0), in: stage.tenant) == 7)
            }
            #expect(try await stage.socialFaults() == [])
        }
    }

    @Test(arguments: Backend.all)
    func `of many reporters at once one hides the comment, once, until a moderator has looked`(backend: Backend)
        async throws
    {
        try await Stage.with(backend) { stage in
            let scene = try await stage.openSeason(clips: 1)
            let comment = try await stage.post("rude", on: scene.clips[0], by: stage.person(1))
            for number in 0..<4 { #expect(try await stage.report(comment.id, by: stage.person(number)) == .kept) }
            #expect(try await stage.report(comment.id, by: stage.person(0)) == .repeated)
            let other = stage.otherNode()
            let outcomes = try await withThrowingTaskGroup { group in
                for number in 10..<18 {
                    let node = number.isMultiple(of: 2) ? stage.house : other
                    group.addTask {
                        try await stage.report(comment.id, by: stage.person(number), node: node)
                    }
                }
                return try await group.reduce(into: [ReportDesk.Outcome]()) { $0.append($1) }
            }
            #expect(outcomes.filter { $0 == .hidden }.count == 1 && outcomes.filter { $0 == .kept }.count == 7)
            #expect(try await stage.socialFaults() == [])
            let store = stage.house.comments.store
            let others = try await store.page(
                of: scene.clips[0].id, for: stage.person(2), after: nil, limit: 20, in: stage.tenant)
            #expect(others.comments.isEmpty)
            let author = try await store.page(
                of: scene.clips[0].id, for: stage.person(1), after: nil, limit: 20, in: stage.tenant)
            #expect(author.comments.map(\.comment.state) == [.flagged] && author.total == 0)
            let open = try await stage.house.reports.store.open(after: nil, limit: 20, in: stage.tenant)
            #expect(open.items.map(\.openReports) == [12] && open.items[0].subject == "rude")
            #expect(open.items[0].reasons.count == 3)
            _ = try await stage.house.comments.review(
                comment.id, .approve, reason: nil, by: stage.person(9), in: stage.tenant)
            #expect(try await stage.house.reports.store.open(after: nil, limit: 20, in: stage.tenant).items.isEmpty)
            // Four more do not hide it again, the fifth does: the count begins anew.
            for number in 20..<24 { #expect(try await stage.report(comment.id, by: stage.person(number)) == .kept) }
            #expect(try await stage.report(comment.id, by: stage.person(24)) == .hidden)
            #expect(try await stage.socialFaults() == [])
        }
    }

    @Test(arguments: Backend.all)
    func `a comment goes with its replies, likes and reports, and only by its author`(backend: Backend) async throws {
        try await Stage.with(backend) { stage in
            let scene = try await stage.openSeason(clips: 1)
            let top = try await stage.post("top", on: scene.clips[0], by: stage.person(1))
            for number in 0..<6 {
                let reply = try await stage.post(
                    "reply", on: scene.clips[0], by: stage.person(number), replyingTo: top.id)
                _ = try await stage.house.comments.setLike(true, of: reply.id, by: stage.person(3), in: stage.tenant)
                _ = try await stage.report(reply.id, by: stage.person(4))
            }
            await #expect(throws: TournamentError.self) {
                try await stage.house.comments.delete(top.id, of: stage.person(2), in: stage.tenant)
            }
            #expect(try await stage.count("SELECT id FROM comments WHERE tenant_id = \(stage.tenant)") == 7)
            try await stage.house.comments.delete(top.id, of: stage.person(1), in: stage.tenant)
            for table in [
                "SELECT id FROM comments WHERE tenant_id = \(stage.tenant)",
                "SELECT comment_id FROM comment_likes WHERE tenant_id = \(stage.tenant)",
                "SELECT target_id FROM reports WHERE tenant_id = \(stage.tenant)",
                "SELECT target_id FROM report_cases WHERE tenant_id = \(stage.tenant)",
            ] as [SQL] { #expect(try await stage.count(table) == 0) }
            #expect(try await stage.socialFaults() == [])
        }
    }

    /// Anything may happen in any order, on two nodes: every number stays what it counts.
    @Test(arguments: Backend.all, [UInt64(1), 2, 3])
    func `after any sequence of events every number equals a recount`(backend: Backend, seed: UInt64) async throws {
        try await Stage.with(backend, seed: seed) { stage in
            let scene = try await stage.openSeason(clips: 3)
            let chance = SeededRandomness(seed: seed)
            let nodes = [stage.house, stage.otherNode()]
            var known: [Comment] = []
            for round in 0..<40 {
                stage.clock.advance(by: .seconds(1))
                let actions = (0..<4).map { _ in (chance.below(9), chance.below(8), chance.next()) }
                let targets = actions.map { known.isEmpty ? nil : known[Int($0.2 % UInt64(known.count))] }
                let posted = try await withThrowingTaskGroup { group in
                    for (index, action) in actions.enumerated() {
                        let (target, node) = (targets[index], nodes[index % 2])
                        group.addTask {
                            try await Self.act(action.0, by: stage.person(action.1), on: target, node, stage, scene)
                        }
                    }
                    return try await group.reduce(into: [Comment]()) { if let new = $1 { $0.append(new) } }
                }
                known += posted.sorted { $0.id < $1.id }
                if round.isMultiple(of: 8) { #expect(try await stage.socialFaults() == [], "seed \(seed)") }
            }
            #expect(try await stage.socialFaults() == [], "seed \(seed)")
            #expect(known.count > 10, "seed \(seed)")
        }
    }

    /// One event; refusals are part of the game.
    private static func act(
        _ kind: Int, by person: ID<Person>, on target: Comment?, _ node: Playhouse, _ stage: Stage, _ scene: Stage.Scene
    ) async throws -> Comment? {
        do {
            guard let target, kind > 1 else {
                return try await stage.post(
                    "said", on: scene.clips[kind % 3], by: person, state: kind == 0 ? .pending : .approved, node: node)
            }
            let tenant = stage.tenant
            switch kind {
            case 2:
                guard let clip = scene.clips.first(where: { $0.id == target.clipID }) else { return nil }
                return try await stage.post("reply", on: clip, by: person, replyingTo: target.id, node: node)
            case 3, 4: _ = try await node.comments.setLike(kind == 3, of: target.id, by: person, in: tenant)
            case 5: _ = try await stage.report(target.id, by: person, node: node)
            case 6:
                _ = try await node.comments.review(
                    target.id, person.low.isMultiple(of: 2) ? .approve : .reject, reason: "Because.", by: person,
                    in: tenant)
            case 7: try await node.comments.delete(target.id, of: target.personID, in: tenant)
            default:
                try await node.people.setFollow(
                    person.low % 3 > 0, of: target.personID, by: person, in: tenant)
            }
        } catch is TournamentError {
            // The comment went in the same moment, or somebody wanted to follow themselves.
        }
        return nil
    }
}
