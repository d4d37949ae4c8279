import Base
import Realtime
import Storage

/// From a transaction to those who listen.
enum PublishingCases {
    private struct Undone: Error {}

    static func reaches(_ stage: RealtimeStage) async throws {
        let nodes = [try await stage.node(), try await stage.node()]
        let room = RealtimeStage.room("a")
        try await stage.running(nodes) {
            let listeners = [
                try await Listener(at: nodes[0].realtime, as: stage.visitor(1)),
                try await Listener(at: nodes[1].realtime, as: stage.visitor(2)),
            ]
            for listener in listeners {
                let answer = try await listener.join("stage/room/a")
                try RealtimeFailure.expect(answer.error == nil && answer.recovered == nil, "\(answer)")
            }
            // Fewer than the history holds: a node that is late tells of more than that by a reset.
            try await stage.publish(1...8, to: room, at: nodes[0])
            for listener in listeners {
                for number in 1...8 {
                    let heard = try await listener.nextMessage()
                    try RealtimeFailure.expect(heard.offset == number && heard.data == "\(number)", "\(heard)")
                }
            }
        }
    }

    static func undone(_ stage: RealtimeStage) async throws {
        let node = try await stage.node()
        let room = RealtimeStage.room("a")
        try await stage.running([node]) {
            let listener = try await Listener(at: node.realtime, as: stage.visitor())
            try await listener.join("stage/room/a")
            do {
                try await node.storage.write(for: stage.tenant) { transaction in
                    try transaction.publish("never", to: room)
                    throw Undone()
                }
            } catch is Undone {
                // As it was to be.
            }
            try await stage.publish(7...7, to: room, at: node)
            let heard = try await listener.nextMessage()
            try RealtimeFailure.expect(heard.data == "7" && heard.offset == 1, "\(heard)")
        }
    }

    static func order(_ stage: RealtimeStage) async throws {
        let node = try await stage.node()
        let (room, second) = (RealtimeStage.room("a"), RealtimeStage.room("b"))
        try await stage.running([node]) {
            let listener = try await Listener(at: node.realtime, as: stage.visitor())
            try await listener.join("stage/room/a")
            try await node.storage.write(for: stage.tenant) { transaction in
                for number in 1...30 {
                    try transaction.publish(number, to: room)
                    try transaction.publish(-number, to: second)
                }
            }
            // More than the history holds at once: the last ones, and word of the others.
            var last = 0
            while last < 30 {
                let heard = try await listener.next()
                guard let offset = heard.offset else { continue }
                if heard.data != nil {
                    try RealtimeFailure.expect(offset == last + 1 && heard.data == "\(offset)", "\(heard)")
                } else {
                    try RealtimeFailure.expect("\(heard)".contains("reset"), "\(heard)")
                }
                last = offset
            }
        }
    }

    static func together(_ stage: RealtimeStage) async throws {
        let nodes = [try await stage.node(), try await stage.node()]
        let room = RealtimeStage.room("a")
        try await stage.running(nodes) {
            let listener = try await Listener(at: nodes[1].realtime, as: stage.visitor())
            try await listener.join("stage/room/a")
            try await withThrowingTaskGroup(of: Void.self) { group in
                for publisher in 0..<6 {
                    group.addTask {
                        let first = publisher * 10 + 1
                        try await stage.publish(first...(first + 9), to: room, at: nodes[publisher % 2])
                    }
                }
                try await group.waitForAll()
            }
            var last = 0
            var seen: Set<String> = []
            while last < 60 {
                let heard = try await listener.next()
                guard let offset = heard.offset else { continue }
                if let data = heard.data {
                    try RealtimeFailure.expect(offset == last + 1, "after \(last) came \(heard)")
                    try RealtimeFailure.expect(seen.insert(data).inserted, "twice: \(heard)")
                } else {
                    // A node that fell further back than the history reaches says so.
                    try RealtimeFailure.expect(offset > last && "\(heard)".contains("reset"), "\(heard)")
                }
                last = offset
            }
        }
    }
}
