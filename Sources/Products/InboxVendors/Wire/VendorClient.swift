public import Base
public import Limits
import NIOCore
public import Outbound

/// One vendor over the one way out: one call at a time, never repeated here, and left alone while the vendor is down.
///
/// Repeating is the jobs' business, which outlive the process and know whether a message may be sent twice. What the
/// vendor says of one account (that it calls too often, that its token is over) concerns no other, so the breaker counts
/// only what is wrong with the vendor: nobody there, no answer in time, 5xx.
public struct VendorClient: Sendable {
    enum Bounds {
        static let answer = ByteCount.mebibytes(4)
        /// A message: the vendors answer within one second when they are well.
        static let sending: Duration = .seconds(20)
        static let asking: Duration = .seconds(30)
    }

    /// How a call ended.
    enum Ending {
        case answered(Answer)
        /// It certainly has not arrived.
        case notSent(after: Duration?)
        /// It cannot be sent at all: the fault is ours.
        case cannotBeSent(code: String)
        /// It may have arrived.
        case unknown
        case cancelled
    }

    struct Answer {
        var status: Int
        var bytes: [UInt8]
        var retryAfter: Duration?
        var headers: OutboundHeaders
    }

    private struct Unwell: Error {
        let answer: Answer
    }

    private let outbound: OutboundClient
    private let breaker: CircuitBreaker
    private let clock: any WallClock

    /// Makes the way to a vendor; calls nothing.
    ///
    /// - Parameters:
    ///   - name: What its breaker is called.
    ///   - outbound: The way out.
    ///   - options: When the vendor is left alone. Defaults to half of twenty calls in 10 seconds.
    ///   - clock: What its pauses are measured by.
    public init(
        _ name: String, through outbound: OutboundClient, _ options: CircuitBreakerOptions = CircuitBreakerOptions(),
        clock: any WallClock
    ) {
        self.outbound = outbound
        self.clock = clock
        breaker = CircuitBreaker(name, options, clock: clock)
    }

    /// Whether the vendor is asked now.
    public var state: CircuitState { breaker.state }

    func call(_ request: OutboundRequest) async -> Ending {
        do {
            return .answered(
                try await breaker.run(isFailure: Self.isFailure) {
                    let response = try await outbound.send(request)
                    let answer = Answer(
                        status: response.status, bytes: Array(response.content.readableBytesView),
                        retryAfter: response.headers["retry-after"].flatMap {
                            RetryAfter.duration($0, now: clock.now())
                        }, headers: response.headers)
                    if answer.status >= 500 { throw Unwell(answer: answer) }
                    return answer
                })
        } catch let unwell as Unwell {
            return .answered(unwell.answer)
        } catch let error as OutboundError {
            return Self.ending(error)
        } catch let error as LimitsError {
            return .notSent(after: error.refusal.retryAfter)
        } catch {
            return .cancelled
        }
    }

    private static func ending(_ error: OutboundError) -> Ending {
        switch error.code {
        case .requestInvalid, .addressRefused: .cannotBeSent(code: error.code.rawValue)
        case .cancelled: .cancelled
        case .unresolved, .unreachable, .tls, .busy: .notSent(after: nil)
        case .timedOut, .closed, .malformed, .tooLarge, .redirectRefused, .contentFailed: .unknown
        }
    }

    private static func isFailure(_ error: any Error) -> Bool {
        switch error {
        case is Unwell: true
        case let error as OutboundError:
            switch error.code {
            case .unresolved, .unreachable, .tls, .timedOut, .closed, .malformed: true
            case .requestInvalid, .addressRefused, .tooLarge, .redirectRefused, .busy, .contentFailed, .cancelled:
                false
            }
        default: false
        }
    }
}

extension VendorClient.Ending {
    /// The answer to a message, or what became of the message without one.
    func sent(_ judge: (VendorClient.Answer) -> SendOutcome) -> SendOutcome {
        switch self {
        case .answered(let answer): judge(answer)
        case .notSent(let after): .tryAgain(after: after)
        case .cannotBeSent(let code): .refusedForGood(SendRefusal(.invalid, code: code))
        // Whoever was cancelled does not know whether the vendor had it already.
        case .unknown, .cancelled: .unknown
        }
    }

    /// The answer to a question.
    ///
    /// - Throws: ``VendorFailure``.
    func asked() throws(VendorFailure) -> VendorClient.Answer {
        switch self {
        case .answered(let answer): return answer
        case .notSent(let after): throw .tryAgain(after: after)
        case .cannotBeSent(let code): throw .refused(code: code)
        case .unknown: throw .tryAgain(after: nil)
        case .cancelled: throw .cancelled
        }
    }
}

/// Escapes for addresses.
enum AddressText {
    /// RFC 3986: everything but letters, digits and `-._~` is escaped.
    static func escaped(_ text: String) -> String {
        var escaped = ""
        for byte in text.utf8 {
            switch byte {
            case 48...57, 65...90, 97...122, 0x2D, 0x2E, 0x5F, 0x7E: escaped.unicodeScalars.append(Unicode.Scalar(byte))
            default:
                let digits = String(byte, radix: 16, uppercase: true)
                escaped += digits.utf8.count == 1 ? "%0\(digits)" : "%\(digits)"
            }
        }
        return escaped
    }

    /// A query of these names and values.
    static func query(_ items: [(String, String)]) -> String {
        items.map { "\($0)=\(escaped($1))" }.joined(separator: "&")
    }
}
