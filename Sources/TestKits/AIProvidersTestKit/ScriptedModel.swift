public import AIProviders
import Base
import Foundation
public import Outbound
public import OutboundTestKit
import Synchronization

/// A vendor of language models on the loopback: real HTTP, both dialects, a fault dial, and a ledger of what it charges.
///
/// ```swift
/// try await ScriptedModel.run { number in number == 1 ? .status(529) : ModelScript(["Hi"]) } body: { vendor in
///     let provider = OpenAICompatible("openai", at: vendor.base, key: nil, through: outbound, clock: clock)
///     …
///     #expect(vendor.ledger.answers == 1)
/// }
/// ```
public final class ScriptedModel: Sendable {
    /// What the vendor says it has done.
    public struct Ledger: Sendable, Hashable {
        /// Requests, whatever became of them.
        public var requests = 0
        /// Answers that were begun to their end.
        public var answers = 0
        /// Tokens that it charges for them.
        public var usage = TokenUsage()
        /// Texts that it has turned into vectors.
        public var texts = 0
        /// Texts of each call for vectors.
        public var groups: [Int] = []
    }

    /// How vectors are sent.
    public enum VectorForm: Sendable, Hashable, CaseIterable {
        /// As asked for.
        case asked
        /// As numbers, whatever was asked for.
        case numbers
        /// From the last to the first.
        case shuffled
        /// With one missing.
        case short
    }

    /// Says what happens to the chat of this number, counted from 1.
    public typealias Chooser = @Sendable (_ number: Int) -> ModelScript

    private let state = Mutex(Ledger())
    private let peerBox = Mutex<ScriptedPeer?>(nil)
    private let choose: Chooser
    private let form: VectorForm

    private init(choose: @escaping Chooser, form: VectorForm) {
        self.choose = choose
        self.form = form
    }

    /// What the vendor says it has done.
    public var ledger: Ledger { state.withLock { $0 } }

    /// The server below, for its own faults and what it received.
    public var peer: ScriptedPeer {
        guard let peer = peerBox.withLock({ $0 }) else { preconditionFailure("the vendor is used while it runs") }
        return peer
    }

    /// Where its interface begins, for ``AIProviders/OpenAICompatible``.
    public var base: OutboundAddress { peer.at("/v1") }

    /// Where its interface begins, for ``AIProviders/Anthropic``.
    public var anthropicBase: OutboundAddress { peer.at("/") }

    /// Serves while `body` runs.
    ///
    /// - Parameters:
    ///   - form: how vectors are sent. Defaults to what was asked for.
    ///   - choose: what happens to the chat of a number, counted from 1.
    ///   - body: what is done meanwhile.
    /// - Returns: what `body` returns.
    /// - Throws: what `body` throws, or why it cannot listen.
    public static func run<Result: Sendable>(
        vectors form: VectorForm = .asked, _ choose: @escaping Chooser = { _ in ModelScript() },
        body: @Sendable (_ vendor: ScriptedModel) async throws -> Result
    ) async throws -> Result {
        let vendor = ScriptedModel(choose: choose, form: form)
        return try await ScriptedPeer.run { request in
            vendor.answer(request)
        } body: { peer in
            vendor.peerBox.withLock { $0 = peer }
            return try await body(vendor)
        }
    }

    private func answer(_ request: PeerRequest) -> PeerAnswer {
        // What is no JSON object has no model either.
        let body = (try? JSONSerialization.jsonObject(with: Data(request.text.utf8))) as? [String: Any] ?? [:]
        if request.path.hasSuffix("/embeddings") { return vectors(body) }
        let number = state.withLock { state in
            state.requests += 1
            return state.requests
        }
        let script = choose(number)
        if script.isAnswered {
            state.withLock { state in
                state.answers += 1
                if case .told(let usage) = script.usage { state.usage = state.usage + usage }
            }
        }
        let wire = ModelWire(
            script: script, isAnthropic: request.path.hasSuffix("/messages"), model: body["model"] as? String ?? "")
        return wire.answer()
    }

    private func vectors(_ body: [String: Any]) -> PeerAnswer {
        let texts = body["input"] as? [String] ?? []
        let length = body["dimensions"] as? Int ?? 8
        let isPacked = form == .asked && body["encoding_format"] as? String == "base64"
        state.withLock { state in
            state.texts += texts.count
            state.groups.append(texts.count)
        }
        var data: [[String: Any]] = texts.enumerated().map { index, text in
            let vector = Self.vector(of: text, length: length)
            return ["index": index, "embedding": isPacked ? Self.packed(vector) : vector.map { Double($0) }]
        }
        if form == .shuffled { data.reverse() }
        if form == .short { data.removeLast() }
        let answer: [String: Any] = [
            "data": data, "usage": ["prompt_tokens": texts.count * 3, "total_tokens": texts.count * 3],
        ]
        // Lists of numbers can be written as JSON.
        let bytes = (try? JSONSerialization.data(withJSONObject: answer)) ?? Data()
        return .text(String(decoding: bytes, as: UTF8.self), headers: ["Content-Type": "application/json"])
    }

    /// The vector that this vendor makes of a text: its length and its bytes.
    public static func vector(of text: String, length: Int = 8) -> [Float] {
        var vector = [Float](repeating: 0, count: length)
        vector[0] = Float(text.utf8.count)
        for (place, byte) in text.utf8.enumerated() { vector[1 + place % (length - 1)] += Float(byte) / 256 }
        return vector
    }

    private static func packed(_ vector: [Float]) -> String {
        var bytes = Data()
        for number in vector { withUnsafeBytes(of: number.bitPattern.littleEndian) { bytes.append(contentsOf: $0) } }
        return bytes.base64EncodedString()
    }
}

extension TokenUsage {
    /// The sum.
    static func + (left: TokenUsage, right: TokenUsage) -> TokenUsage {
        TokenUsage(input: left.input + right.input, output: left.output + right.output)
    }
}
