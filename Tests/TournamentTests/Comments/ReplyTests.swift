import Accounts
import Base
import BaseTestKit
import Storage
import StorageBackends
import StorageTestKit
import Testing

@testable import Tournament

@Suite(.databases) struct ReplyTests {
    /// Whom notices of replies were written for, each as often as it was.
    private func told(_ stage: Stage) async throws -> [ID<Person>] {
        try await stage.storage.reader(for: stage.tenant).list(
            ToldRow.self, "check.told",
            """
            SELECT n.person_id FROM notifications n WHERE n.tenant_id = \(stage.tenant)
                AND n.kind = \(NoticeKind.commentAnswered.name) ORDER BY n.person_id
            """, limit: 5_000
        ).map(\.person)
    }

    @Test(arguments: Backend.all)
    func `who is answered is told once, when everybody sees the answer, and not by themselves`(backend: Backend)
        async throws
    {
        try await Stage.with(backend) { stage in
            let scene = try await stage.openSeason(clips: 2)
            let (clip, me, other) = (scene.clips[0], stage.person(1), stage.person(2))
            let comment = try await stage.post("mine", on: clip, by: me)
            _ = try await stage.post("my own answer", on: clip, by: me, replyingTo: comment.id)
            let waiting = try await stage.post("waits", on: clip, by: other, replyingTo: comment.id, state: .pending)
            _ = try await stage.house.replies.look()
            #expect(try await told(stage) == [])
            _ = try await stage.post("an answer", on: clip, by: other, replyingTo: comment.id)
            let nodes = [stage.house, stage.otherNode(), stage.house]
            try await withThrowingTaskGroup { group in
                for node in nodes { group.addTask { _ = try await node.replies.look() } }
                try await group.waitForAll()
            }
            #expect(try await told(stage) == [me])
            _ = try await stage.house.comments.review(
                waiting.id, .approve, reason: nil, by: stage.person(9), in: stage.tenant)
            #expect(try await stage.house.replies.look() == 1)
            #expect(try await stage.house.replies.look() == 0)
            #expect(try await told(stage) == [me, me])
            let notice = try #require(try await stage.house.notices.page(of: me, in: stage.tenant).items.first)
            #expect(notice.link == "\(Addresses.clip(clip.id))#comment-\(waiting.id)")
            #expect(notice.title == "Person 2 answers you")
        }
    }

    @Test(arguments: Backend.all)
    func `many answers are told in groups, by several nodes, each once`(backend: Backend) async throws {
        try await Stage.with(backend) { stage in
            let scene = try await stage.openSeason(clips: 2)
            let comment = try await stage.post("mine", on: scene.clips[0], by: stage.person(1))
            for number in 0..<250 {
                _ = try await stage.post(
                    "answer \(number)", on: scene.clips[0], by: stage.person(2 + number), replyingTo: comment.id)
            }
            let nodes = [stage.house, stage.otherNode()]
            try await withThrowingTaskGroup { group in
                for node in nodes { group.addTask { _ = try await node.replies.look() } }
                try await group.waitForAll()
            }
            // Of two that met on the same rows one may have left some to the next look.
            _ = try await stage.house.replies.look()
            #expect(try await told(stage).count == 250)
            #expect(try await stage.house.replies.store.tenants().isEmpty)
        }
    }
}

private struct ToldRow: RowDecodable {
    let person: ID<Person>

    init(row: SQLRow) throws(StorageError) { person = try row.value(at: 0) }
}
