import Base
public import Coordination
import Limits
import Synchronization

/// What two nodes must know of each other's dependencies, whatever bus is between them.
///
/// In real time: a case takes up to some seconds.
public enum PauseConformance: String, CaseIterable, Sendable {
    /// What one node finds the other is told, with the time that remains.
    case tellsTheOthers
    /// Pauses of one dependency for different reasons begin and end apart.
    case keepsReasonsApart
    /// Who ends a pause ends it on the node that found it, and no repetition brings it back.
    case endsEverywhere
    /// Who comes later is told, within the time of a repetition.
    case tellsWhoComesLater
    /// A pause that nobody ends is over when its time is, on both.
    case endsWithItsTime

    private static let patience: Duration = .seconds(20)

    /// Checks the sentence for the dependency `name`, which nobody else uses, between the nodes of two buses.
    ///
    /// - Throws: ``ConformanceFailure`` when it does not hold, or what the back end throws.
    public func check(_ bus: any Bus, peer: any Bus, name: String) async throws {
        let nodes = [PauseNode(bus, following: name), PauseNode(peer, following: name)]
        try await PauseNode.running(self == .tellsWhoComesLater ? [nodes[0]] : nodes) {
            switch self {
            case .tellsTheOthers: try await tellsTheOthers(nodes, name)
            case .keepsReasonsApart: try await keepsReasonsApart(nodes, name)
            case .endsEverywhere: try await endsEverywhere(nodes, name)
            case .tellsWhoComesLater: try await tellsWhoComesLater(nodes, name)
            case .endsWithItsTime: try await endsWithItsTime(nodes, name)
            }
        }
    }

    private func tellsTheOthers(_ nodes: [PauseNode], _ name: String) async throws {
        nodes[0].board.begin(name, because: "asked", for: .seconds(600))
        try await nodes[1].waits(Self.patience) { $0.contains { $0.name == name && $0.reason == "asked" } }
        guard case .began("asked", let remaining)? = nodes[1].heard.first else {
            throw ConformanceFailure("the other node heard \(nodes[1].heard)")
        }
        try require(
            remaining <= .seconds(600) && remaining > .seconds(560), "of 600 s \(remaining) were told to remain")
        try require(nodes[0].heard.isEmpty, "a node was told what it had found itself: \(nodes[0].heard)")
    }

    private func keepsReasonsApart(_ nodes: [PauseNode], _ name: String) async throws {
        nodes[0].board.begin(name, because: "first", for: .seconds(600))
        nodes[1].board.begin(name, because: "second", for: .seconds(600))
        for node in nodes { try await node.waits(Self.patience) { $0.count { $0.name == name } == 2 } }
        nodes[1].board.end(name, because: "first")
        for node in nodes {
            try await node.waits(Self.patience) { $0.filter { $0.name == name }.map(\.reason) == ["second"] }
        }
    }

    private func endsEverywhere(_ nodes: [PauseNode], _ name: String) async throws {
        nodes[0].board.begin(name, because: "asked", for: .seconds(600))
        try await nodes[1].waits(Self.patience) { $0.contains { $0.name == name } }
        nodes[1].board.end(name, because: "asked")
        try await nodes[0].waits(Self.patience) { !$0.contains { $0.name == name } }
        try require(nodes[0].heard == [.ended(reason: "asked")], "the node that found it heard \(nodes[0].heard)")
        // Longer than a repetition takes.
        try await SystemClock().sleep(for: .seconds(7))
        for node in nodes {
            try require(!node.board.pauses.contains { $0.name == name }, "a pause that had ended came back")
        }
    }

    private func tellsWhoComesLater(_ nodes: [PauseNode], _ name: String) async throws {
        nodes[0].board.begin(name, because: "asked", for: .seconds(600))
        try await SystemClock().sleep(for: .milliseconds(300))
        try await PauseNode.running([nodes[1]]) {
            try await nodes[1].waits(Self.patience) { $0.contains { $0.name == name } }
        }
    }

    private func endsWithItsTime(_ nodes: [PauseNode], _ name: String) async throws {
        // Longer than two repetitions, should the other not have listened yet.
        nodes[0].board.begin(name, because: "asked", for: .seconds(12))
        try await nodes[1].waits(Self.patience) { _ in !nodes[1].heard.isEmpty }
        for node in nodes { try await node.waits(Self.patience) { !$0.contains { $0.name == name } } }
        try require(nodes[1].heard.count == 1, "a pause was told as new more than once: \(nodes[1].heard)")
    }
}

/// A node of the check.
private final class PauseNode: Sendable {
    let registry: LimitRegistry
    private let changes = Mutex<[PauseChange]>([])
    private let following = Mutex<PauseFollowing?>(nil)

    var board: PauseBoard { registry.pauses }
    var heard: [PauseChange] { changes.withLock { $0 } }

    init(_ bus: any Bus, following name: String) {
        registry = LimitRegistry(clock: SystemClock(), bus: bus, randomness: SystemRandomness())
        let made = registry.pauses.follow(name) { [weak self] change in self?.changes.withLock { $0.append(change) } }
        following.withLock { $0 = made }
    }

    static func running(_ nodes: [PauseNode], _ body: () async throws -> Void) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for node in nodes { group.addTask { await node.registry.run() } }
            let result: Result<Void, any Error>
            do {
                // Both listen before anything is said.
                try await SystemClock().sleep(for: .milliseconds(500))
                result = .success(try await body())
            } catch {
                result = .failure(error)
            }
            group.cancelAll()
            try await group.waitForAll()
            try result.get()
        }
    }

    /// Waits until this node knows what it should.
    func waits(_ patience: Duration, _ isRight: ([KnownPause]) -> Bool) async throws {
        let clock = SystemClock()
        let end = clock.uptime() + patience
        while !isRight(board.pauses) {
            try require(clock.uptime() < end, "after \(patience) a node knows of \(board.pauses)")
            try await clock.sleep(for: .milliseconds(10))
        }
    }
}
