import Base
import BaseTestKit
import NIOCore

@testable import Realtime

/// A log, a few nodes and readers in one thread: what is published may be lost, late, twice or out of order on its way,
/// nodes are started anew, readers go and come back elsewhere, loads take their time, and the log forgets.
///
/// The log is the truth. Each reader checks what it is told against it as it is told.
struct TopicSimulation {
    struct Broken: Error, CustomStringConvertible { var description: String }

    private struct Reader {
        var node: Int?
        var id: UInt64 = 0
        var isLive = false
        /// The last life and number that it knows.
        var position: TopicPosition?
        /// How it asked when it last joined.
        var asked: TopicPosition?
        var resets = 0
    }

    private struct Flight {
        var node: Int
        var position: TopicPosition
        var body: SharedFrame?
    }

    private struct Load {
        var node: Int
        var depth: TopicMachine.Depth
        /// Read at a moment between the request and the answer.
        var snapshot: TopicSnapshot?
    }

    private let history = 12
    private let chance: SeededRandomness
    private var now = Timestamp(microseconds: 1_767_225_600_000_000)
    private var nodes: [TopicMachine] = [TopicMachine(), TopicMachine(), TopicMachine()]
    private var readers = [Reader](repeating: Reader(), count: 4)
    private var epoch: Int64 = 100
    private var last: Int64 = 0
    private var trimmed: Int64 = 0
    private var flights: [Flight] = []
    private var loads: [Load] = []
    private var lastID: UInt64 = 0
    private(set) var delivered = 0
    private(set) var recovered = 0
    private(set) var unrecovered = 0

    init(seed: UInt64) { chance = SeededRandomness(seed: seed) }

    mutating func run(steps: Int) throws {
        for _ in 0..<steps { try step() }
        try settle()
    }

    private mutating func step() throws {
        now = now + .milliseconds(Int64(chance.below(2_000)))
        switch chance.below(100) {
        case 0..<26: publish()
        case 26..<52: try arrive()
        case 52..<72: try answerLoad()
        case 72..<82: try join()
        case 82..<88: leave()
        case 88..<92: try look()
        case 92..<95: try miss()
        case 95..<97: restart()
        case 97..<99: forget()
        default: if chance.below(4) == 0 { beginAnotherLife() }
        }
    }

    // MARK: The log

    private func frame(_ number: Int64, _ epoch: Int64) -> SharedFrame { SharedFrame(text: "\(epoch)/\(number)") }

    private mutating func publish() {
        for _ in 0...chance.below(3) {
            last += 1
            for node in nodes.indices {
                // One in six is lost on the way, one in eight comes twice, one in twelve without its body.
                guard chance.below(6) != 0 else { continue }
                let body = chance.below(12) == 0 ? nil : frame(last, epoch)
                let flight = Flight(node: node, position: TopicPosition(epoch: epoch, offset: last), body: body)
                flights += chance.below(8) == 0 ? [flight, flight] : [flight]
            }
        }
    }

    private func snapshot(_ depth: TopicMachine.Depth) -> TopicSnapshot {
        guard last > 0 else { return TopicSnapshot(head: nil, messages: []) }
        var floor = max(trimmed, last - Int64(history))
        if case .news(let after?) = depth { floor = max(floor, after) }
        let messages = floor < last ? (floor + 1...last).map { TopicMessage(offset: $0, frame: frame($0, epoch)) } : []
        return TopicSnapshot(head: TopicPosition(epoch: epoch, offset: last), messages: messages)
    }

    private mutating func forget() { trimmed = max(trimmed, last - Int64(chance.below(6))) }

    private mutating func beginAnotherLife() {
        // Nobody publishes for a month: the topic is forgotten, and what was on its way has arrived or never will.
        flights = []
        now = now + .seconds(31 * 86_400)
        epoch += 1
        last = 0
        trimmed = 0
    }

    // MARK: What happens

    private mutating func arrive() throws {
        guard !flights.isEmpty else { return }
        // Mostly in order, sometimes not.
        let place = chance.below(5) == 0 ? chance.below(flights.count) : 0
        let flight = flights.remove(at: place)
        try perform(
            nodes[flight.node].heard(
                epoch: flight.position.epoch, offset: flight.position.offset, frame: flight.body), at: flight.node)
    }

    private mutating func answerLoad() throws {
        guard !loads.isEmpty else { return }
        let place = chance.below(loads.count)
        if loads[place].snapshot == nil, chance.below(2) == 0 {
            // The database has read; the answer is on its way while more happens.
            loads[place].snapshot = snapshot(loads[place].depth)
            return
        }
        let load = loads.remove(at: place)
        if chance.below(20) == 0 { return try perform(nodes[load.node].loadFailed(), at: load.node) }
        let read = load.snapshot ?? snapshot(load.depth)
        try perform(nodes[load.node].loaded(read, at: now), at: load.node)
    }

    private mutating func join() throws {
        let index = chance.below(readers.count)
        guard readers[index].node == nil else { return }
        let node = chance.below(nodes.count)
        lastID += 1
        readers[index].node = node
        readers[index].id = lastID
        readers[index].isLive = false
        readers[index].asked = readers[index].position
        try perform(nodes[node].subscribe(lastID, from: readers[index].position, at: now), at: node)
    }

    private mutating func leave() {
        let index = chance.below(readers.count)
        guard let node = readers[index].node else { return }
        nodes[node].leave(readers[index].id)
        readers[index].node = nil
        readers[index].isLive = false
    }

    private mutating func look() throws {
        let node = chance.below(nodes.count)
        guard last > 0 else { return }
        try perform(nodes[node].heard(head: TopicPosition(epoch: epoch, offset: last)), at: node)
    }

    private mutating func miss() throws {
        let node = chance.below(nodes.count)
        flights.removeAll { $0.node == node }
        try perform(nodes[node].missed(), at: node)
    }

    private mutating func restart() {
        let node = chance.below(nodes.count)
        nodes[node] = TopicMachine()
        flights.removeAll { $0.node == node }
        loads.removeAll { $0.node == node }
        for index in readers.indices where readers[index].node == node {
            readers[index].node = nil
            readers[index].isLive = false
        }
    }

    /// Everything arrives, and everybody looks: afterwards all who listen have everything.
    private mutating func settle() throws {
        for _ in 0..<20 {
            while !flights.isEmpty { try arrive() }
            while !loads.isEmpty {
                let load = loads.removeFirst()
                try perform(nodes[load.node].loaded(load.snapshot ?? snapshot(load.depth), at: now), at: load.node)
            }
            if last > 0 {
                for node in nodes.indices {
                    try perform(nodes[node].heard(head: TopicPosition(epoch: epoch, offset: last)), at: node)
                }
            }
        }
        for reader in readers where reader.isLive && last > 0 {
            guard reader.position?.offset == last else {
                throw Broken(description: "a reader stands at \(reader.position?.offset ?? -1) of \(last)")
            }
        }
        for reader in readers where reader.node != nil && !reader.isLive {
            throw Broken(description: "reader \(reader.id) still waits")
        }
    }

    // MARK: What readers are told

    private mutating func perform(_ actions: [TopicMachine.Action], at node: Int) throws {
        for action in actions {
            switch action {
            case .load(let depth): loads.append(Load(node: node, depth: depth))
            case .refuse(let id):
                for index in readers.indices where readers[index].id == id { readers[index].node = nil }
            case .accept(let id, let acceptance):
                for index in readers.indices where readers[index].id == id && readers[index].node == node {
                    try accept(acceptance, by: index)
                }
            case .deliver(let messages):
                for index in readers.indices where readers[index].node == node && readers[index].isLive {
                    for message in messages { try take(message, by: index) }
                }
            case .reset(let head):
                for index in readers.indices where readers[index].node == node && readers[index].isLive {
                    readers[index].position = head
                    readers[index].resets += 1
                }
            }
        }
    }

    private mutating func accept(_ acceptance: TopicMachine.Acceptance, by index: Int) throws {
        let asked = readers[index].asked
        if (asked == nil) != (acceptance.isRecovered == nil) {
            throw Broken(description: "\(String(describing: asked)) was answered by \(acceptance)")
        }
        if acceptance.isRecovered == true {
            recovered += 1
            // What it missed begins with what it has not.
            guard acceptance.start.offset == asked?.offset else {
                throw Broken(description: "from \(asked?.offset ?? -1) recovered at \(acceptance.start.offset)")
            }
        } else if acceptance.isRecovered == false {
            unrecovered += 1
        }
        readers[index].isLive = true
        // A life that began while the reader listened keeps its first name.
        readers[index].position = acceptance.start
        for message in acceptance.missed { try take(message, by: index) }
    }

    private mutating func take(_ message: TopicMessage, by index: Int) throws {
        guard let position = readers[index].position, message.offset == position.offset + 1 else {
            throw Broken(
                description: "after \(readers[index].position?.offset ?? -1) came \(message.offset)")
        }
        let life = position.isUnborn ? epochOf(message) : position.epoch
        guard message.frame == frame(message.offset, life) else {
            throw Broken(description: "number \(message.offset) of life \(position.epoch) has another body")
        }
        readers[index].position = TopicPosition(epoch: position.epoch, offset: message.offset)
        delivered += 1
    }

    private func epochOf(_ message: TopicMessage) -> Int64 {
        Int64(String(buffer: message.frame.json).split(separator: "/").first ?? "") ?? 0
    }
}
