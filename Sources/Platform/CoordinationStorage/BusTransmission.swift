import Base
import Coordination
import Foundation

/// A message and its topic.
struct BusParcel: Sendable, Hashable {
    var topic: String
    var envelope: BusEnvelope
}

/// How messages travel in notifications, which are texts of less than 8,000 bytes.
///
/// All messages of a transaction are put one behind the other, written in base 64 and cut into pieces; each piece says
/// whose it is, of which transmission, and which of how many.
enum BusTransmission {
    private enum Bounds {
        static let pieces = 4_096
    }

    static func pieces(of parcels: [BusParcel], publisher: UInt64, flush: UInt64, characters: Int) -> [String] {
        var bytes: [UInt8] = []
        for parcel in parcels {
            let (topic, envelope) = (Array(parcel.topic.utf8), parcel.envelope.encoded)
            for length in [topic.count, envelope.count] {
                withUnsafeBytes(of: UInt32(length).bigEndian) { bytes.append(contentsOf: $0) }
            }
            bytes += topic
            bytes += envelope
        }
        let text = Array(Data(bytes).base64EncodedString().utf8)
        let count = (text.count + characters - 1) / characters
        return (0..<count).map { place in
            let piece = text[place * characters..<min((place + 1) * characters, text.count)]
            return "\(publisher):\(flush):\(place):\(count):" + String(decoding: piece, as: UTF8.self)
        }
    }

    /// Puts pieces together again; each publisher's come in order.
    struct Assembly {
        private struct Open {
            var flush: UInt64
            var count: Int
            var pieces: [Substring]
        }

        private var open: BoundedMap<UInt64, Open>
        private let publishersMax: Int

        init(publishersMax: Int) {
            self.publishersMax = publishersMax
            open = BoundedMap(capacity: publishersMax)
        }

        mutating func forget() { open = BoundedMap(capacity: publishersMax) }

        /// The messages of a transmission, when this was its last piece; what is damaged is dropped, and shows as a gap.
        mutating func add(_ text: String) -> [BusParcel]? {
            let parts = text.split(separator: ":", maxSplits: 4, omittingEmptySubsequences: false)
            guard parts.count == 5, let publisher = UInt64(parts[0]), let flush = UInt64(parts[1]),
                let place = Int(parts[2]), let count = Int(parts[3]), (1...Bounds.pieces).contains(count)
            else { return nil }
            var transmission = open[publisher] ?? Open(flush: flush, count: count, pieces: [])
            if place == 0 { transmission = Open(flush: flush, count: count, pieces: []) }
            guard transmission.flush == flush, transmission.count == count, transmission.pieces.count == place else {
                open[publisher] = nil
                return nil
            }
            transmission.pieces.append(parts[4])
            guard transmission.pieces.count == count else {
                open[publisher] = transmission
                return nil
            }
            open[publisher] = nil
            return Data(base64Encoded: transmission.pieces.joined()).flatMap { Self.parcels(in: Array($0)) }
        }

        private static func parcels(in bytes: [UInt8]) -> [BusParcel]? {
            var rest = bytes[...]
            var parcels: [BusParcel] = []
            func take(_ count: Int) -> ArraySlice<UInt8>? {
                guard rest.count >= count else { return nil }
                defer { rest = rest.dropFirst(count) }
                return rest.prefix(count)
            }
            while !rest.isEmpty {
                guard let head = take(8) else { return nil }
                let topicLength = head.prefix(4).reduce(0) { $0 << 8 | Int($1) }
                let envelopeLength = head.suffix(4).reduce(0) { $0 << 8 | Int($1) }
                guard let topic = take(topicLength), let content = take(envelopeLength),
                    let envelope = BusEnvelope(content)
                else { return nil }
                parcels.append(BusParcel(topic: String(decoding: topic, as: UTF8.self), envelope: envelope))
            }
            return parcels
        }
    }
}
