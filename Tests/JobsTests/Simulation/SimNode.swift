import Base
import BaseTestKit

@testable import Jobs

/// A worker process in the simulation: the real machines, with a random hand instead of an executor.
struct SimNode {
    static let kind = JobKind<Int>("sim.work", attemptsMax: 6, concurrency: .adaptive(1...4))
    static let beat = Duration.seconds(2)

    var worker: ID<Worker>
    var machine = SimNode.machine()
    var board = SimNode.board()
    var leases = LeaseMachine(beat: SimNode.beat)
    var running: [[TakenJob]] = []
    var unsettled: [JobEnd] = []
    var inbox: [WakeHint] = []
    /// How far this node's time of day is from the true one.
    let skew: Duration
    var isAlive = true
    /// Whether the answer to a claim was lost.
    var mustReconcile = false
    /// Until when the process stands still.
    var frozenUntil = Duration.zero
    var lastBeat = Duration.zero
    var lastTick: Timestamp?

    init(worker: ID<Worker>, skew: Duration) {
        self.worker = worker
        self.skew = skew
    }

    private static func machine() -> ClaimMachine {
        ClaimMachine(kinds: [kind.name: ClaimMachine.Kind()], lookMax: .seconds(4))
    }

    private static func board() -> RunBoard {
        RunBoard(concurrency: [.default: 3], handlers: [kind.handler { _, _ in }])
    }

    /// Begins as another worker, after a crash or after it was declared dead.
    mutating func startAnew(as next: ID<Worker>) {
        worker = next
        machine = Self.machine()
        board = Self.board()
        leases = LeaseMachine(beat: Self.beat)
        running = []
        unsettled = []
        inbox = []
        mustReconcile = false
        isAlive = true
    }
}
