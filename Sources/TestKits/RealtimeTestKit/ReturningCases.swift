import Base
import Realtime
import Storage

/// Those who were away.
enum ReturningCases {
    private static let room = RealtimeStage.room("a")

    /// Joins at `first`, hears 1 to 5, goes, and comes back to `second` when 6 to 9 have been published.
    private static func returns(
        _ stage: RealtimeStage, from first: RealtimeStage.Node, to second: RealtimeStage.Node
    ) async throws -> (listener: Listener, answer: Heard) {
        let before = try await Listener(at: first.realtime, as: stage.visitor())
        let start = try await before.join("stage/room/a")
        try await stage.publish(1...5, to: room, at: first)
        for _ in 1...5 { _ = try await before.nextMessage() }
        try await before.vanish()
        try await stage.publish(6...9, to: room, at: first)
        let listener = try await Listener(at: second.realtime, as: stage.visitor())
        let epoch = start.offset == 0 ? start.epoch : nil
        let answer = try await listener.join("stage/room/a", from: Heard(epoch: epoch, offset: 5))
        return (listener, answer)
    }

    private static func expectNone(missing found: (listener: Listener, answer: Heard)) async throws {
        try RealtimeFailure.expect(found.answer.recovered == true, "\(found.answer)")
        for number in 6...9 {
            let heard = try await found.listener.nextMessage()
            try RealtimeFailure.expect(heard.offset == number && heard.data == "\(number)", "\(heard)")
        }
    }

    static func otherNode(_ stage: RealtimeStage) async throws {
        let nodes = [try await stage.node(), try await stage.node()]
        try await stage.running(nodes) {
            try await expectNone(missing: try await returns(stage, from: nodes[0], to: nodes[1]))
        }
    }

    static func restart(_ stage: RealtimeStage) async throws {
        let first = try await stage.node()
        let start = try await stage.running([first]) {
            let listener = try await Listener(at: first.realtime, as: stage.visitor())
            try await stage.publish(1...5, to: room, at: first)
            return try await listener.join("stage/room/a")
        }
        // Nobody delivers: the process is down, or has been deployed anew.
        try await stage.publish(6...9, to: room, at: first)
        let second = try await stage.node()
        try await stage.running([second]) {
            let listener = try await Listener(at: second.realtime, as: stage.visitor())
            let answer = try await listener.join("stage/room/a", from: Heard(epoch: start.epoch, offset: 5))
            try await expectNone(missing: (listener, answer))
        }
    }

    static func tooLate(_ stage: RealtimeStage) async throws {
        let node = try await stage.node()
        try await stage.running([node]) {
            try await stage.publish(1...3, to: room, at: node)
            let start = try await Listener(at: node.realtime, as: stage.visitor()).join("stage/room/a")
            // The history holds ten.
            try await stage.publish(4...40, to: room, at: node)
            let cold = try await stage.node()
            try await stage.running([cold]) {
                let listener = try await Listener(at: cold.realtime, as: stage.visitor())
                let answer = try await listener.join("stage/room/a", from: Heard(epoch: start.epoch, offset: 3))
                try RealtimeFailure.expect(answer.recovered == false && answer.offset == 40, "\(answer)")
                try await stage.publish(41...41, to: room, at: node)
                let heard = try await listener.nextMessage()
                try RealtimeFailure.expect(heard.offset == 41, "\(heard)")
            }
        }
    }

    static func otherLife(_ stage: RealtimeStage) async throws {
        let node = try await stage.node()
        try await stage.running([node]) {
            try await stage.publish(1...3, to: room, at: node)
            for position in [Heard(epoch: "abc", offset: 2), Heard(epoch: "abc", offset: 900)] {
                let listener = try await Listener(at: node.realtime, as: stage.visitor())
                let answer = try await listener.join("stage/room/a", from: position)
                try RealtimeFailure.expect(answer.recovered == false && answer.offset == 3, "\(answer)")
            }
        }
    }

    static func unborn(_ stage: RealtimeStage) async throws {
        let nodes = [try await stage.node(), try await stage.node()]
        try await stage.running(nodes) {
            let first = try await Listener(at: nodes[0].realtime, as: stage.visitor())
            let start = try await first.join("stage/room/a")
            try RealtimeFailure.expect(start.offset == 0, "\(start)")
            try await first.vanish()
            try await stage.publish(1...4, to: room, at: nodes[1])
            let again = try await Listener(at: nodes[0].realtime, as: stage.visitor())
            let answer = try await again.join("stage/room/a", from: Heard(epoch: start.epoch, offset: 0))
            try RealtimeFailure.expect(answer.recovered == true, "\(answer)")
            for number in 1...4 {
                let heard = try await again.nextMessage()
                try RealtimeFailure.expect(heard.offset == number, "\(heard)")
            }
        }
    }

    static func silentCommit(_ stage: RealtimeStage) async throws {
        let (living, dying) = (try await stage.node(), try await stage.node())
        try await stage.running([living]) {
            let listener = try await Listener(at: living.realtime, as: stage.visitor())
            try await listener.join("stage/room/a")
            // This node commits and never delivers, as if it were killed in between.
            try await stage.publish(1...3, to: room, at: dying)
            for number in 1...3 {
                let heard = try await listener.nextMessage()
                try RealtimeFailure.expect(heard.offset == number && heard.data == "\(number)", "\(heard)")
            }
        }
    }

    static func page(_ stage: RealtimeStage) async throws {
        let node = try await stage.node()
        try await stage.running([node]) {
            try await stage.publish(1...3, to: room, at: node)
            let position = try await node.storage.read(for: stage.tenant) {
                try await $0.position(of: room, at: SystemClock().now())
            }
            try await stage.publish(4...5, to: room, at: node)
            let listener = try await Listener(at: node.realtime, as: stage.visitor())
            let answer = try await listener.join(
                "stage/room/a", from: Heard(epoch: position.epochText, offset: Int(position.offset)))
            try RealtimeFailure.expect(answer.recovered == true, "\(answer)")
            for number in 4...5 {
                let heard = try await listener.nextMessage()
                try RealtimeFailure.expect(heard.offset == number, "\(heard)")
            }
        }
    }
}
