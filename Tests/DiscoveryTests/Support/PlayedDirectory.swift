import Base
import BaseTestKit
import Synchronization

@testable import Discovery

/// A vendor that a test plays: pages by keyword, faults by plan, everything that was asked remembered.
final class PlayedDirectory: CreatorDirectory {
    private struct State {
        var pages: [String: [DirectoryPage]] = [:]
        var faults: [String: [DirectoryFailure]] = [:]
        var profiles: [String: DirectoryProfile] = [:]
        var profileFaults: [DirectoryFailure] = []
        var asked: [DirectoryQuery] = []
        var subjects: [DirectorySubject] = []
    }

    let vendor = Vendor(name: "played", title: "Played", callCost: 1_880)
    private let clock: SimClock
    private let state = Mutex(State())

    init(clock: SimClock) { self.clock = clock }

    var asked: [DirectoryQuery] { state.withLock { $0.asked } }
    var subjects: [DirectorySubject] { state.withLock { $0.subjects } }

    /// What a keyword brings, page by page; cursors are `1`, `2`, … unless the pages say otherwise.
    func play(_ keyword: String, _ pages: [[ListedCreator]]) {
        let played = pages.enumerated().map { index, creators in
            DirectoryPage(creators: creators, next: index + 1 < pages.count ? String(index + 1) : nil, credits: 1)
        }
        state.withLock { $0.pages[keyword] = played }
    }

    func play(_ keyword: String, pages: [DirectoryPage]) { state.withLock { $0.pages[keyword] = pages } }

    /// The next calls for a keyword fail so.
    func fail(_ keyword: String, _ faults: [DirectoryFailure]) { state.withLock { $0.faults[keyword] = faults } }

    func play(profile: DirectoryProfile, of externalID: String) { state.withLock { $0.profiles[externalID] = profile } }

    /// The next calls for profiles fail so, whoever they are of.
    func failProfiles(_ faults: [DirectoryFailure]) { state.withLock { $0.profileFaults = faults } }

    func search(_ query: DirectoryQuery) async throws(DirectoryFailure) -> DirectoryPage {
        let answer: Result<DirectoryPage, DirectoryFailure> = state.withLock { state in
            state.asked.append(query)
            if var faults = state.faults[query.keyword], !faults.isEmpty {
                let fault = faults.removeFirst()
                state.faults[query.keyword] = faults
                return .failure(fault)
            }
            let pages = state.pages[query.keyword] ?? []
            let index = Int(query.cursor) ?? 0
            return .success(
                pages.indices.contains(index) ? pages[index] : DirectoryPage(creators: [], next: nil, credits: 1))
        }
        return try answer.get()
    }

    func profile(_ subject: DirectorySubject) async throws(DirectoryFailure) -> DirectoryProfile {
        let answer: Result<DirectoryProfile, DirectoryFailure> = state.withLock { state in
            state.subjects.append(subject)
            if !state.profileFaults.isEmpty { return .failure(state.profileFaults.removeFirst()) }
            return .success(state.profiles[subject.externalID] ?? .gone(credits: 1))
        }
        return try answer.get()
    }

    func picture(at address: String) async throws(DirectoryFailure) -> DirectoryPicture? { nil }
}

/// Creators of tests: `x1` to `xn`.
func listed(_ range: ClosedRange<Int>, followers: Int64? = 5_000) -> [ListedCreator] {
    range.map { number in
        ListedCreator(
            externalID: "x\(number)", handle: "handle\(number)", name: "Name \(number)", bio: "About things",
            facts: CreatorFacts(followers: followers), links: [], pictureURL: nil)
    }
}
