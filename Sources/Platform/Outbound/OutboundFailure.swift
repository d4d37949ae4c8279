import AsyncHTTPClient
import NIOCore
import NIOHTTP1
import NIOSSL

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// That the content to be sent failed in the caller's hands, told apart from every failure of the connection.
struct ContentFailure: Error {
    let underlying: any Error
}

/// Finds out what a failure of the library means for a caller.
enum OutboundFailure {
    static func error(_ error: any Error) -> OutboundError {
        switch error {
        case let error as OutboundError: error
        case is CancellationError: OutboundError(.cancelled, "The task that made the call was cancelled.")
        case let error as ContentFailure:
            error.underlying is CancellationError
                ? OutboundError(.cancelled, "The task that brings the content was cancelled.")
                : OutboundError(
                    .contentFailed, "What brings the content to be sent failed.", underlying: error.underlying)
        case let error as HTTPClientError: client(error)
        case let error as IOError: io(error)
        case is NIOSSLError, is NIOSSLExtraError, is BoringSSLError:
            OutboundError(
                .tls, "The encrypted connection failed: the certificate is not trusted, or the versions do not agree.",
                underlying: error)
        case HTTPParserError.invalidEOFState:
            OutboundError(.closed, "The connection ended before the response did.", underlying: error)
        case is HTTPParserError:
            OutboundError(.malformed, "The response breaks HTTP, or its head is too large.", underlying: error)
        case let error as ChannelError:
            switch error {
            case .connectTimeout: unreachable(error)
            default: OutboundError(.closed, "The connection ended before the response did.", underlying: error)
            }
        default: OutboundError(.closed, "The connection failed before the response was complete.", underlying: error)
        }
    }

    private static func client(_ error: HTTPClientError) -> OutboundError {
        switch error {
        case .connectTimeout, .getConnectionFromPoolTimeout: unreachable(error)
        case .tlsHandshakeTimeout:
            OutboundError(.tls, "The encrypted connection was not there in time.", underlying: error)
        case .deadlineExceeded, .readTimeout, .writeTimeout:
            OutboundError(.timedOut, "The time for the call was over.", underlying: error)
        case .cancelled: OutboundError(.cancelled, "The task that made the call was cancelled.", underlying: error)
        case .bodyLengthMismatch:
            OutboundError(
                .contentFailed, "The content to be sent has another length than was announced.", underlying: error)
        case .invalidURL, .emptyHost, .emptyScheme, .traceRequestWithBody:
            OutboundError(.requestInvalid, "The request cannot be sent as it is.", underlying: error)
        default:
            OutboundError(.closed, "The connection ended before the response did.", underlying: error)
        }
    }

    private static func io(_ error: IOError) -> OutboundError {
        switch error.errnoCode {
        case ECONNREFUSED, EHOSTUNREACH, ENETUNREACH, EHOSTDOWN, EADDRNOTAVAIL, ETIMEDOUT: unreachable(error)
        default: OutboundError(.closed, "The connection ended before the response did.", underlying: error)
        }
    }

    private static func unreachable(_ error: any Error) -> OutboundError {
        OutboundError(.unreachable, "Nobody answers at the host's address.", underlying: error)
    }
}
