import Base
import Foundation

/// What a client asks for: a JSON object with `do`, mostly a `topic`, and an `id` that the answer repeats.
struct ClientCommand: Sendable, Hashable {
    enum Bounds {
        /// Bytes of a command: a signal and what is around it.
        static let bytes = 8_192
    }

    enum Act: Sendable, Hashable {
        case subscribe(TopicName, from: TopicPosition?)
        case unsubscribe(TopicName)
        case publish(TopicName, signal: String)
        case presence(TopicName)
        case ping
    }

    var id: Int?
    var act: Act

    /// Reads a command.
    ///
    /// - Throws: `realtime.malformedCommand` with what is wrong, and the id as far as it could be read.
    init(_ text: String) throws(Malformed) {
        // What is no JSON is told as such; the parser's own words help nobody.
        guard let object = try? JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any] else {
            throw Malformed(id: nil, reason: "a command is a JSON object")
        }
        id = (object["id"] as? NSNumber)?.intValue
        let id = id
        func refuse(_ reason: String) -> Malformed { Malformed(id: id, reason: reason) }
        func topic() throws(Malformed) -> TopicName {
            guard let name = (object["topic"] as? String).flatMap(TopicName.init) else {
                throw refuse("topic must be a name of letters, digits and -_.:/")
            }
            return name
        }
        switch object["do"] as? String {
        case "subscribe":
            var position: TopicPosition?
            if let text = object["epoch"] as? String {
                guard let epoch = TopicPosition.epoch(text), let offset = (object["offset"] as? NSNumber)?.int64Value,
                    offset >= 0
                else { throw refuse("epoch and offset must be those of an earlier answer") }
                position = TopicPosition(epoch: epoch, offset: offset)
            }
            act = .subscribe(try topic(), from: position)
        case "unsubscribe": act = .unsubscribe(try topic())
        case "presence": act = .presence(try topic())
        case "publish":
            guard let value = object["signal"],
                // A part of what was read as JSON can be written as JSON.
                let data = try? JSONSerialization.data(
                    withJSONObject: value, options: [.fragmentsAllowed, .sortedKeys, .withoutEscapingSlashes])
            else { throw refuse("signal is missing") }
            act = .publish(try topic(), signal: String(decoding: data, as: UTF8.self))
        case "ping": act = .ping
        default: throw refuse("do must be subscribe, unsubscribe, publish, presence or ping")
        }
    }

    /// Why a text is no command.
    struct Malformed: Error {
        var id: Int?
        var reason: String
    }
}

/// What the server says beside messages, as JSON.
enum ServerText {
    static func subscribed(_ id: Int?, _ topic: TopicName, _ acceptance: TopicMachine.Acceptance) -> String {
        let recovered = acceptance.isRecovered.map { ",\"recovered\":\($0)" } ?? ""
        return "{\(member(id))\"ok\":\"subscribed\",\"topic\":\"\(topic)\",\(position(acceptance.start))\(recovered)}"
    }

    static func done(_ id: Int?, _ what: StaticString, _ topic: TopicName) -> String {
        "{\(member(id))\"ok\":\"\(what)\",\"topic\":\"\(topic)\"}"
    }

    static func pong(_ id: Int?) -> String { "{\(member(id))\"ok\":\"pong\"}" }

    static func error(_ id: Int?, _ topic: TopicName?, _ error: RealtimeError) -> String {
        let place = topic.map { ",\"topic\":\"\($0)\"" } ?? ""
        let wait = error.retryAfter.map { ",\"retryAfter\":\(max(1, Int($0.components.seconds)))" } ?? ""
        return "{\(member(id))\"error\":\"\(error.code.rawValue)\",\"detail\":\(JSONText.quoted(error.message))"
            + "\(place)\(wait)}"
    }

    static func reset(_ topic: TopicName, _ head: TopicPosition) -> String {
        "{\"reset\":\"\(topic)\",\(position(head))}"
    }

    static func reconnect(after wait: Duration) -> String {
        "{\"reconnect\":{\"afterMilliseconds\":\(Int(wait.milliseconds))}}"
    }

    static func presence(_ id: Int?, _ topic: TopicName, _ members: [TopicMember]) -> String {
        "{\(member(id))\"ok\":\"presence\",\"topic\":\"\(topic)\",\"members\":[\(members.map(json).joined(separator: ","))]}"
    }

    static func change(_ change: PresenceMachine.Change) -> String {
        "{\"topic\":\"\(change.key.name)\",\"\(change.isHere ? "joined" : "left")\":\(json(change.member))}"
    }

    private static func json(_ member: TopicMember) -> String {
        "{\"id\":\"\(member.id)\",\"name\":\(JSONText.quoted(member.name))}"
    }

    private static func member(_ id: Int?) -> String { id.map { "\"id\":\($0)," } ?? "" }

    private static func position(_ position: TopicPosition) -> String {
        "\"epoch\":\"\(position.epochText)\",\"offset\":\(position.offset)"
    }
}

extension TopicMachine.Acceptance {
    /// Where the reader stands before `missed`.
    var start: TopicPosition {
        TopicPosition(epoch: head.epoch, offset: missed.first.map { $0.offset - 1 } ?? head.offset)
    }
}
