import Base
import BaseTestKit
import Testing

@testable import Tournament

@Suite struct RiskTests {
    private static let chrome =
        "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36"

    private func features(_ change: (inout RiskFeatures) -> Void) -> RiskFeatures {
        var features = RiskFeatures(agent: AgentTraits(Self.chrome))
        change(&features)
        return features
    }

    private func unhinted(_ agent: String) -> RiskFeatures {
        features {
            $0.agent = AgentTraits(agent)
            $0.hasClientHints = false
        }
    }

    @Test func `each feature has its points, and an ordinary browser has none`() {
        #expect(Risk(features { _ in }).points == 0)
        #expect(Risk(features { $0.agent = AgentTraits(nil) }).points == 30)
        #expect(Risk(features { $0.agent = AgentTraits("  ") }).points == 30)
        #expect(Risk(features { $0.agent = AgentTraits("Mozilla/5.0 HeadlessChrome/141.0") }).points == 50)
        #expect(Risk(features { $0.hasLanguage = false }).points == 10)
        #expect(Risk(features { $0.hasClientHints = false }).points == 15)
        #expect(Risk(features { $0.hasReplayedToken = true }).points == 40)
        #expect(Risk(features { $0.newcomers = 21 }).points == 20)
        #expect(Risk(features { $0.newcomers = 20 }).points == 0)
    }

    @Test func `browsers that send no client hints, or may not over this connection, are not held to them`() {
        #expect(
            Risk(
                features {
                    $0.hasClientHints = false
                    $0.mayHaveClientHints = false
                }
            ).points == 0)
        let firefox = "Mozilla/5.0 (X11; Linux x86_64; rv:144.0) Gecko/20100101 Firefox/144.0"
        #expect(Risk(unhinted(firefox)).points == 0)
        let iPhone = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605 CriOS/141.0 Mobile/15E148"
        #expect(Risk(unhinted(iPhone)).points == 0)
    }

    @Test func `no single feature blocks, and no address does`() {
        for reason in RiskReason.allCases { #expect(reason.points < Risk.Bounds.review, "\(reason)") }
        let allButReplay = features {
            $0.agent = AgentTraits("HeadlessChrome/141")
            $0.hasLanguage = false
            $0.newcomers = 500
        }
        #expect(Risk(allButReplay).needsReview)
        #expect(!Risk(allButReplay).isBlocking)
        #expect(
            Risk(
                features {
                    $0.agent = AgentTraits("HeadlessChrome/141")
                    $0.hasReplayedToken = true
                }
            ).isBlocking)
    }

    @Test func `newcomers are counted for an hour, each once, in bounded memory`() {
        var watch = ArrivalWatch(groups: 3, voters: 100)
        let start = Timestamp(microseconds: 1_800_000_000_000_000)
        func voter(_ number: Int) -> ID<Tournament.Voter> { ID(high: 1, low: UInt64(number)) }
        for number in 0..<30 {
            let note = watch.note(voter(number), from: 7, at: start)
            #expect(note.isNew)
            #expect(note.newcomers == number + 1)
        }
        #expect(watch.note(voter(3), from: 7, at: start).newcomers == 30)
        #expect(!watch.note(voter(3), from: 7, at: start).isNew)
        #expect(watch.note(voter(31), from: 8, at: start).newcomers == 1)
        #expect(watch.note(voter(3), from: 7, at: start + .seconds(3_000)).newcomers == 30)
        #expect(watch.note(voter(3), from: 7, at: start + .seconds(3_601)).newcomers == 0)
        // Other groups push the quiet one out; it starts again, and nothing grows.
        for group in 10..<20 { _ = watch.note(voter(50 + group), from: UInt64(group), at: start + .seconds(3_700)) }
        #expect(watch.note(voter(99), from: 7, at: start + .seconds(3_700)).newcomers == 1)
    }

    @Test func `a few repeated requests are forgiven, more are a replay, and an hour forgets`() {
        var watch = ReplayWatch()
        let now = Timestamp(microseconds: 1_800_000_000_000_000)
        let voter = ID<Tournament.Voter>(high: 1, low: 1)
        for _ in 0..<3 {
            watch.note(voter, foreign: 0, repeated: 10, at: now)
            #expect(!watch.hasReplayed(voter, at: now))
        }
        watch.note(voter, foreign: 2, repeated: 0, at: now)
        #expect(watch.hasReplayed(voter, at: now))
        #expect(!watch.hasReplayed(ID(high: 1, low: 2), at: now))
        #expect(!watch.hasReplayed(voter, at: now + .seconds(3_600)))
    }
}
