import Foundation

/// One keep-alive connection to a server on the loopback, blocking, for one thread.
final class HTTPConnection {
    enum Bounds {
        static let bodyBytesMax = 256 << 20
        static let readBytes = 64 << 10
    }

    private let socket: Int32
    private var buffer: [UInt8] = []
    private var start = 0

    /// Connects.
    init(port: UInt16, timeout: Duration = .seconds(30)) throws {
        socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var limit = timeval(tv_sec: Int(timeout / .seconds(1)), tv_usec: 0)
        setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        setsockopt(socket, SOL_SOCKET, SO_SNDTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        var isOn: Int32 = 1
        setsockopt(socket, Int32(IPPROTO_TCP), TCP_NODELAY, &isOn, socklen_t(MemoryLayout<Int32>.size))
        var address = Self.loopback(port)
        let status = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(socket, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard status == 0 else {
            close(socket)
            throw Broken(.refused, "no connection to port \(port): \(String(cString: strerror(errno)))")
        }
    }

    deinit { close(socket) }

    /// Sends a request and reads its answer.
    func send(_ request: HTTPRequest) throws -> HTTPAnswer {
        try write(request.bytes)
        return try read(isHead: request.method == "HEAD")
    }

    /// Sends bytes as they are.
    func write(_ bytes: [UInt8]) throws {
        var sent = 0
        while sent < bytes.count {
            let count = bytes.withUnsafeBytes {
                Glibc.send(socket, $0.baseAddress.map { $0 + sent }, bytes.count - sent, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { throw Self.failure("sending") }
            sent += count
        }
    }

    /// Reads an answer.
    func read(isHead: Bool = false) throws -> HTTPAnswer {
        var answer = try readHead()
        while answer.status == 100 { answer = try readHead() }
        if isHead || answer.status == 204 || answer.status == 304 { return answer }
        if answer.header("transfer-encoding")?.lowercased() == "chunked" {
            answer.body = try readChunks()
        } else if let length = answer.header("content-length").flatMap({ Int($0) }) {
            answer.body = try take(length)
        }
        return answer
    }

    /// A port that was free a moment ago.
    static func freePort() throws -> UInt16 {
        let probe = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(probe) }
        var address = loopback(0)
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let status = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(probe, $0, size) == 0 ? getsockname(probe, $0, &size) : -1
            }
        }
        guard status == 0 else { throw Broken(.failed, "no free port: \(String(cString: strerror(errno)))") }
        return UInt16(bigEndian: address.sin_port)
    }

    private static func loopback(_ port: UInt16) -> sockaddr_in {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        return address
    }

    private static func failure(_ doing: String) -> Broken {
        switch errno {
        case EAGAIN: Broken(.timedOut, "\(doing) took too long")
        default: Broken(.closed, "\(doing) failed: \(String(cString: strerror(errno)))")
        }
    }

    private func fill() throws {
        if start > Bounds.readBytes {
            buffer.removeFirst(start)
            start = 0
        }
        let old = buffer.count
        buffer.append(contentsOf: repeatElement(0, count: Bounds.readBytes))
        let count = buffer.withUnsafeMutableBytes { recv(socket, $0.baseAddress.map { $0 + old }, Bounds.readBytes, 0) }
        buffer.removeLast(Bounds.readBytes - max(count, 0))
        guard count != 0 else { throw Broken(.closed, "the server closed the connection") }
        guard count > 0 else { throw Self.failure("reading") }
    }

    private func take(_ count: Int) throws -> [UInt8] {
        guard count <= Bounds.bodyBytesMax else { throw Broken(.malformed, "a body of \(count) bytes") }
        while buffer.count - start < count { try fill() }
        defer { start += count }
        return Array(buffer[start..<(start + count)])
    }

    private func takeLine() throws -> String {
        var seen = start
        while true {
            if let end = buffer[seen...].firstIndex(of: UInt8(ascii: "\n")) {
                defer { start = end + 1 }
                return String(decoding: buffer[start..<end], as: UTF8.self).trimmingCharacters(in: .newlines)
            }
            seen = buffer.count
            let offset = seen - start
            try fill()
            seen = start + offset
        }
    }

    private func readHead() throws -> HTTPAnswer {
        let line = try takeLine()
        let parts = line.split(separator: " ", maxSplits: 2)
        guard parts.count >= 2, parts[0].hasPrefix("HTTP/1."), let status = Int(parts[1]) else {
            throw Broken(.malformed, "not a status line: \(line)")
        }
        var answer = HTTPAnswer(status: status)
        while case let line = try takeLine(), !line.isEmpty {
            guard let colon = line.firstIndex(of: ":") else { throw Broken(.malformed, "not a header: \(line)") }
            let value = line[line.index(after: colon)...].trimmingCharacters(in: .whitespaces)
            answer.headers.append((line[..<colon].lowercased(), value))
        }
        return answer
    }

    private func readChunks() throws -> [UInt8] {
        var body: [UInt8] = []
        while true {
            let line = try takeLine()
            guard let size = Int(line.prefix { $0 != ";" }, radix: 16) else {
                throw Broken(.malformed, "not a chunk size: \(line)")
            }
            if size > 0 { body += try take(size) }
            _ = try takeLine()
            if size == 0 { return body }
        }
    }
}
