import Base
import Realtime

/// Who listens, and who may.
enum GatheringCases {
    private static let room = RealtimeStage.room("a")

    static func apart(_ stage: RealtimeStage) async throws {
        let node = try await stage.node()
        try await stage.running([node]) {
            let ours = try await Listener(at: node.realtime, as: stage.visitor())
            try await ours.join("stage/room/a")
            try await stage.publish(66...66, to: room, at: node, for: stage.other)
            try await stage.publish(7...7, to: room, at: node)
            let heard = try await ours.nextMessage()
            try RealtimeFailure.expect(heard.data == "7" && heard.offset == 1, "\(heard)")
        }
    }

    static func refused(_ stage: RealtimeStage) async throws {
        let node = try await stage.node()
        try await stage.running([node]) {
            let listener = try await Listener(at: node.realtime, as: stage.visitor(1))
            let own = try await listener.join("stage/desk/\(stage.visitor(1).seat)")
            try RealtimeFailure.expect(own.error == nil, "\(own)")
            let foreign = try await listener.join("stage/desk/\(stage.visitor(2).seat)")
            try RealtimeFailure.expect(foreign.error == "realtime.forbidden", "\(foreign)")
            let unknown = try await listener.join("stage/attic")
            try RealtimeFailure.expect(unknown.error == "realtime.unknownTopic", "\(unknown)")
            let twice = try await listener.join("stage/desk/\(stage.visitor(1).seat)")
            try RealtimeFailure.expect(twice.error == "realtime.alreadySubscribed", "\(twice)")
        }
    }

    static func signals(_ stage: RealtimeStage) async throws {
        let nodes = [try await stage.node(), try await stage.node()]
        try await stage.running(nodes) {
            let first = try await Listener(at: nodes[0].realtime, as: stage.visitor(1))
            let second = try await Listener(at: nodes[1].realtime, as: stage.visitor(2))
            for listener in [first, second] { try await listener.join("stage/room/a") }
            try await withThrowingTaskGroup(of: Void.self) { group in
                // A signal is lost where the bus does not carry yet; senders repeat them, whatever the other one hears.
                group.addTask {
                    while !Task.isCancelled {
                        try await first.send(
                            "{\"do\":\"publish\",\"topic\":\"stage/room/a\",\"signal\":{\"typing\":true}}")
                        try await SystemClock().sleep(for: .milliseconds(150))
                    }
                }
                defer { group.cancelAll() }
                try await until("the signal is heard at the other node") {
                    try await "\(second.next())".contains("\"signal\":{\"typing\":true}")
                }
            }
            let large = String(repeating: "x", count: 200)
            try await first.send(
                "{\"id\":9,\"do\":\"publish\",\"topic\":\"stage/room/a\",\"signal\":\"\(large)\"}")
            try await until("the signal that is too large is refused") {
                try await first.next().error == "realtime.tooLarge"
            }
        }
    }

    static func presence(_ stage: RealtimeStage) async throws {
        let nodes = [try await stage.node(), try await stage.node()]
        try await stage.running(nodes) {
            let ines = try await Listener(at: nodes[0].realtime, as: stage.visitor(1, named: "Ines"))
            try await ines.join("stage/room/a")
            let tom = try await Listener(at: nodes[1].realtime, as: stage.visitor(2, named: "Tom"))
            try await tom.join("stage/room/a")
            try await until("each node shows both") {
                try await tom.send("{\"id\":5,\"do\":\"presence\",\"topic\":\"stage/room/a\"}")
                let heard = try await "\(tom.next())"
                return heard.contains("members") && heard.contains("Ines") && heard.contains("Tom")
            }
            try await ines.vanish()
            try await until("who has gone is no longer shown") {
                let heard = try await "\(tom.next())"
                return heard.contains("left") && heard.contains("Ines")
            }
        }
    }

    static func seats(_ stage: RealtimeStage) async throws {
        let nodes = [
            try await stage.node { $0.connectionsPerSeat = 2 }, try await stage.node { $0.connectionsPerSeat = 2 },
        ]
        let (ines, tom) = (stage.visitor(1), stage.visitor(2))
        try await stage.running(nodes) {
            let first = try await Listener(at: nodes[0].realtime, as: ines)
            _ = try await Listener(at: nodes[0].realtime, as: ines)
            try await until("the other node knows of both") { nodes[1].realtime.refusal(of: ines) != nil }
            try RealtimeFailure.expect(nodes[1].realtime.refusal(of: tom) == nil, "another person is refused too")
            let third = try await Listener(at: nodes[1].realtime, as: ines)
            let closed = try await third.next()
            try RealtimeFailure.expect(closed.closeCode == CloseCode.tooManyConnections.rawValue, "\(closed)")
            try await first.vanish()
            try await until("the seat is free again") { nodes[1].realtime.refusal(of: ines) == nil }
        }
    }

    private static func until(_ what: String, _ isTrue: () async throws -> Bool) async throws {
        let clock = SystemClock()
        let deadline = clock.uptime() + .seconds(30)
        while !(try await isTrue()) {
            try RealtimeFailure.expect(clock.uptime() < deadline, "not so after 30 seconds: \(what)")
            try await clock.sleep(for: .milliseconds(5))
        }
    }
}
