import Base
import Foundation
import NIOCore
import NIOEmbedded
public import Realtime

/// A socket without a network: what a browser would send and receive, at a node of the test's.
public final class Listener: Sendable {
    private enum Bounds {
        static let patience = Duration.seconds(30)
    }

    private let channel: NIOAsyncTestingChannel

    /// Opens a socket for somebody.
    public init(at realtime: Realtime, as visitor: TopicVisitor) async throws {
        channel = NIOAsyncTestingChannel()
        let channel = channel
        try await channel.connect(to: try SocketAddress(ipAddress: "127.0.0.1", port: 80)).get()
        try await channel.testingEventLoop.executeInContext {
            try realtime.openSocket(for: visitor, on: channel, at: .last)
        }
    }

    /// Sends a command.
    public func send(_ command: String) async throws {
        let key: [UInt8] = [1, 2, 3, 4]
        var frame = ByteBuffer(bytes: [0x81])
        let bytes = Array(command.utf8)
        if bytes.count < 126 {
            frame.writeInteger(UInt8(bytes.count) | 0x80)
        } else {
            frame.writeInteger(UInt8(126) | 0x80)
            frame.writeInteger(UInt16(bytes.count))
        }
        frame.writeBytes(key)
        frame.writeBytes(bytes.enumerated().map { $0.element ^ key[$0.offset % 4] })
        try await channel.writeInbound(frame)
    }

    /// Joins a topic and returns the answer.
    @discardableResult
    public func join(_ topic: String, from position: Heard? = nil) async throws -> Heard {
        var command = "{\"id\":1,\"do\":\"subscribe\",\"topic\":\"\(topic)\""
        if let position { command += ",\"epoch\":\"\(position.epoch ?? "")\",\"offset\":\(position.offset ?? 0)" }
        try await send(command + "}")
        return try await next()
    }

    /// What the server says next.
    ///
    /// - Throws: ``RealtimeFailure`` when it says nothing for half a minute, or closes.
    public func next() async throws -> Heard {
        let channel = channel
        return try await withThrowingTaskGroup(of: Heard?.self) { group in
            group.addTask {
                while true {
                    var buffer = try await channel.waitForOutboundWrite(as: ByteBuffer.self)
                    let opcode = (buffer.readInteger(as: UInt8.self) ?? 0) & 0xF
                    let length = Int(buffer.readInteger(as: UInt8.self) ?? 0)
                    if length == 126 { buffer.moveReaderIndex(forwardBy: 2) }
                    if length == 127 { buffer.moveReaderIndex(forwardBy: 8) }
                    if opcode == 0x8 { return Heard(closedWith: buffer.readInteger(as: UInt16.self)) }
                    if opcode == 0x1 { return Heard(String(buffer: buffer)) }
                }
            }
            group.addTask {
                try await SystemClock().sleep(for: Bounds.patience)
                // The wait for a write knows no cancellation; a channel that closes ends it.
                try await channel.close()
                return nil
            }
            defer { group.cancelAll() }
            guard let heard = try await group.next() ?? nil else { throw RealtimeFailure("nothing was heard") }
            return heard
        }
    }

    /// The next of what the server says that is a message of the log.
    public func nextMessage() async throws -> Heard {
        while true {
            let heard = try await next()
            if heard.offset != nil, heard.data != nil { return heard }
            if heard.closeCode != nil { throw RealtimeFailure("the socket was closed: \(heard)") }
        }
    }

    /// Goes without a word.
    public func vanish() async throws { try await channel.close() }
}

/// Something that the server said.
public struct Heard: Sendable, CustomStringConvertible {
    /// The text.
    public let description: String
    /// What stands under `epoch`.
    public let epoch: String?
    /// What stands under `offset`.
    public let offset: Int?
    /// What stands under `data`, as JSON.
    public let data: String?
    /// What stands under `recovered`.
    public let recovered: Bool?
    /// What stands under `error`.
    public let error: String?
    /// Why the socket was closed.
    public let closeCode: UInt16?

    init(_ text: String) {
        description = text
        // What is no object has none of these; the test then shows the text.
        let object = (try? JSONSerialization.jsonObject(with: Data(text.utf8))) as? [String: Any] ?? [:]
        epoch = object["epoch"] as? String
        offset = (object["offset"] as? NSNumber)?.intValue
        recovered = (object["recovered"] as? NSNumber)?.boolValue
        error = object["error"] as? String
        data = object["data"].flatMap {
            // A part of JSON can be written as JSON.
            (try? JSONSerialization.data(withJSONObject: $0, options: [.fragmentsAllowed, .sortedKeys]))
                .map { String(decoding: $0, as: UTF8.self) }
        }
        closeCode = nil
    }

    init(closedWith code: UInt16?) {
        description = "closed with \(code ?? 0)"
        (epoch, offset, data, recovered, error) = (nil, nil, nil, nil, nil)
        closeCode = code ?? 0
    }

    /// A place to come back to.
    public init(epoch: String?, offset: Int) {
        description = "\(epoch ?? "").\(offset)"
        self.epoch = epoch
        self.offset = offset
        (data, recovered, error, closeCode) = (nil, nil, nil, nil)
    }
}

/// A sentence of the suite that does not hold.
public struct RealtimeFailure: Error, CustomStringConvertible {
    /// What was found.
    public let description: String

    init(_ description: String) { self.description = description }

    static func expect(_ isTrue: Bool, _ found: @autoclosure () -> String) throws {
        if !isTrue { throw RealtimeFailure(found()) }
    }
}
