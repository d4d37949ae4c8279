import Base
import BaseTestKit
import Storage
import StorageBackends
import StorageTestKit
import Testing

@testable import Tournament

@Suite(.databases) struct DemoSocialTests {
    private let tenant = Tenant(ID(high: 7, low: 7))
    private let now = SimClock().now()

    private func social() -> (DemoSeason, DemoSocial) {
        let demo = DemoSeason(.lighthouse, in: tenant, at: now)
        return (demo, DemoSocial(demo, comments: demo.plan.comments, seed: demo.plan.seed &+ 1, at: now))
    }

    @Test func `nine hundred comments read like many people, and obey every rule`() throws {
        let (demo, social) = social()
        #expect(social.comments.count == 900)
        #expect(Set(social.comments.map(\.text)).count > 500)
        #expect(Set(social.comments.map(\.personID)).count > 120)
        let byID = Dictionary(uniqueKeysWithValues: social.comments.map { ($0.id, $0) })
        let clips = Dictionary(uniqueKeysWithValues: demo.scenes.flatMap(\.clips).map { ($0.id, $0) })
        for comment in social.comments {
            #expect(try CommentText(comment.text).text == comment.text)
            let clip = try #require(clips[comment.clipID])
            #expect(comment.createdAt > clip.activeAt && comment.createdAt <= now)
            guard let parentID = comment.parentID else { continue }
            let parent = try #require(byID[parentID])
            #expect(parent.parentID == nil && parent.clipID == comment.clipID && parent.createdAt < comment.createdAt)
        }
        let replies = social.comments.filter { $0.parentID != nil }.count
        #expect((120...320).contains(replies))
        for state in Comment.State.allCases { #expect(social.comments.contains { $0.state == state }, "\(state)") }
        // A few clips draw most of the talk.
        let counts = Dictionary(grouping: social.comments, by: \.clipID).values.map(\.count).sorted(by: >)
        #expect(counts.prefix(20).reduce(0, +) > 300 && counts[0] > 25)
        #expect(social.follows.allSatisfy { $0.followerID != $0.personID })
    }

    @Test func `two starts at the same time say the same`() {
        #expect(social().1.comments == social().1.comments)
    }

    @Test(arguments: Backend.all)
    func `the numbers of the demo are those of a recount, and the fold adds nothing again`(backend: Backend)
        async throws
    {
        try await Stage.with(backend) { stage in
            let filling = DemoFilling(storage: stage.storage, clock: stage.clock, lane: 0)
            let demo = DemoSeason(.lanterns, in: stage.tenant, at: stage.clock.now())
            try await filling.fill(stage.tenant, with: demo)
            #expect(try await stage.socialFaults() == [])
            let people = demo.voters.compactMap(\.personID)
            #expect(people.count == 20)
            func all() async throws -> [PersonTally] {
                var found: [PersonTally] = []
                for person in people {
                    found.append(
                        try await stage.house.people.stats(of: person, seenBy: nil, in: stage.tenant).tally)
                }
                return found
            }
            let before = try await all()
            #expect(before.contains { $0.streakBest > 0 } && before.contains { $0.followers > 0 })
            let cast = demo.scenes.flatMap(\.votes).filter { vote in
                people.contains { Tournament.Voter(person: $0, in: stage.tenant).id == vote.voterID }
            }.count
            #expect(before.reduce(0) { $0 + $1.votesCast } == cast)
            try await stage.house.folding.look()
            #expect(try await all() == before)
            stage.clock.advance(by: .seconds(86_400))
            try await stage.house.folding.look()
            #expect(try await all().map(\.votesCast) == before.map(\.votesCast))
            let desk = try await stage.house.reports.store.open(after: nil, limit: 100, in: stage.tenant)
            #expect(desk.items.allSatisfy { $0.subject != nil })
            #expect(
                try await stage.house.people.name(of: people[0], in: stage.tenant)
                    == (try await stage.house.comments.store.author(of: people[0], in: stage.tenant)))
        }
    }
}
