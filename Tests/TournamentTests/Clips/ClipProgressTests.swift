import Testing

@testable import Tournament

@Suite struct ClipProgressTests {
    @Test func `every way of a clip is one of these, and no other`() {
        let ways: [(Clip.State, Clip.Event, Clip.State)] = [
            (.uploading, .arrived, .processing), (.uploading, .expired, .removed), (.uploading, .removed, .removed),
            (.processing, .refused, .rejected), (.processing, .rendered, .pending), (.processing, .trusted, .active),
            (.processing, .removed, .removed), (.pending, .approved, .active), (.pending, .rejected, .rejected),
            (.pending, .removed, .removed), (.active, .won, .winner), (.active, .lost, .eliminated),
            (.active, .removed, .removed), (.winner, .lost, .eliminated), (.eliminated, .won, .winner),
            (.eliminated, .removed, .removed), (.rejected, .removed, .removed),
        ]
        for state in Clip.State.allCases {
            for event in Clip.Event.allCases {
                let next = ways.first { $0.0 == state && $0.1 == event }?.2
                #expect(state.after(event) == next, "\(state) after \(event)")
            }
        }
    }

    @Test func `nothing leads out of removed, and nothing but the count touches a winner`() {
        #expect(Clip.Event.allCases.allSatisfy { Clip.State.removed.after($0) == nil })
        #expect(Clip.Event.allCases.filter { Clip.State.winner.after($0) != nil } == [.lost])
    }

    @Test func `whatever happens in whatever order, nobody watches what was not let in`() {
        // All sequences of six events: a clip is public only behind an approval or its maker's trust.
        func walk(_ state: Clip.State, _ wasLetIn: Bool, _ depth: Int) -> Bool {
            if state.isPublic, !wasLetIn { return false }
            guard depth > 0 else { return true }
            return Clip.Event.allCases.allSatisfy { event in
                guard let next = state.after(event) else { return true }
                return walk(next, wasLetIn || event == .approved || event == .trusted, depth - 1)
            }
        }
        #expect(walk(.uploading, false, 6))
    }

    @Test func `the states before an event are those that it leads out of`() {
        #expect(Clip.State.before(.approved) == [.pending])
        #expect(Set(Clip.State.before(.removed)).isDisjoint(with: [.winner, .removed]))
        #expect(Clip.State.allCases.filter { !$0.takesPlace } == [.rejected, .removed])
    }
}
