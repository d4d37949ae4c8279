public import Base
import Dispatch
import Synchronization

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Turns a host's name into addresses.
public struct HostResolver: Sendable {
    enum Bounds {
        /// Look-ups that block a thread at once; a name server that hangs must not eat them all.
        static let lookups = 16
        static let addresses = 16
    }

    let resolve: @Sendable (_ host: String) async throws -> [IPAddress]

    /// Makes a resolver.
    ///
    /// - Parameter resolve: Brings the addresses of a name in the order in which they are to be tried; an empty list
    ///   when there are none.
    public init(_ resolve: @escaping @Sendable (_ host: String) async throws -> [IPAddress]) { self.resolve = resolve }

    /// The operating system's resolver.
    public static let system = HostResolver { host in try await Lookup.run(host) }
}

/// One look-up by the system, which blocks a thread of its own; who waits for it may stop waiting at any time.
private final class Lookup: Sendable {
    private enum State {
        case fresh
        case waiting(CheckedContinuation<[IPAddress], any Error>)
        case over
    }

    private static let queue = DispatchQueue(label: "capstan.outbound.resolver", attributes: .concurrent)
    private static let running = Atomic(0)
    private let state = Mutex(State.fresh)

    static func run(_ host: String) async throws -> [IPAddress] {
        guard running.add(1, ordering: .relaxed).newValue <= HostResolver.Bounds.lookups else {
            running.subtract(1, ordering: .relaxed)
            throw OutboundError(.busy, "More than \(HostResolver.Bounds.lookups) names are being looked up.")
        }
        let lookup = Lookup()
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let isOver = lookup.state.withLock { state in
                    if case .over = state { return true }
                    state = .waiting(continuation)
                    return false
                }
                guard !isOver else {
                    running.subtract(1, ordering: .relaxed)
                    return continuation.resume(throwing: CancellationError())
                }
                queue.async {
                    let found = ask(host)
                    running.subtract(1, ordering: .relaxed)
                    lookup.finish()?.resume(returning: found)
                }
            }
        } onCancel: {
            lookup.finish()?.resume(throwing: CancellationError())
        }
    }

    private func finish() -> CheckedContinuation<[IPAddress], any Error>? {
        state.withLock { state in
            defer { state = .over }
            if case .waiting(let continuation) = state { return continuation }
            return nil
        }
    }

    private static func ask(_ host: String) -> [IPAddress] {
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        hints.ai_flags = AI_ADDRCONFIG
        var list: UnsafeMutablePointer<addrinfo>?
        guard getaddrinfo(host, nil, &hints, &list) == 0 else { return [] }
        defer { freeaddrinfo(list) }
        var found: [IPAddress] = []
        var next = list
        while let entry = next?.pointee, found.count < HostResolver.Bounds.addresses {
            var text = [CChar](repeating: 0, count: Int(NI_MAXHOST))
            if getnameinfo(
                entry.ai_addr, entry.ai_addrlen, &text, socklen_t(text.count), nil, 0, NI_NUMERICHOST) == 0,
                let ip = IPAddress(String(decoding: text.prefix { $0 != 0 }.map(UInt8.init), as: UTF8.self))
            {
                found.append(ip)
            }
            next = entry.ai_next
        }
        return found
    }
}
