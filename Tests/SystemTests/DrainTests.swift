import Foundation
import Synchronization
import Testing

/// SIGTERM: what has begun is finished, nothing new begins.
@Suite struct DrainTests {
    @Test(arguments: Engine.all)
    func `a server that is asked to stop finishes the request in flight and ends with 0`(_ engine: Engine) throws {
        let site = try Site(engine)
        let server = site.server
        try server.start()
        let (voter, clips) = try Voter.arrive(try server.connect())

        // A vote whose body is half sent is a request in flight for as long as the test wants.
        let slow = try server.connect()
        let bytes = voter.cast(clips[0]).bytes
        try slow.write(Array(bytes.dropLast(5)))
        try eventually("the head to have arrived") { try server.send(.get("/health/live")).status == 200 }

        let program = try #require(server.program)
        program.signal(SIGTERM)
        try eventually("the port to be closed") {
            // Refused, or closed before an answer: no new request is served.
            (try? server.connect(timeout: .seconds(2)).send(.get("/health/live"))) == nil
        }
        try slow.write(Array(bytes.suffix(5)))
        let answer = try slow.read()
        #expect(answer.status < 300, "\(answer)")
        #expect(try server.terminate() == 0, "\(server.logEnd)")

        try server.start()
        #expect(try voter.standing(try server.connect()) == [clips[0]])
    }

    @Test func `votes that were answered before a stop are there after it`() throws {
        let site = try Site(.sqlite)
        try site.server.start()
        let acknowledged = Mutex<[Voter: Set<String>]>([:])
        let isStopping = Atomic(false)
        let program = try #require(site.server.program)
        try onThreads(8) { [port = site.server.port] index in
            do {
                while true {
                    let connection = try HTTPConnection(port: port)
                    let (voter, clips) = try Voter.arrive(connection)
                    for clip in clips.prefix(8) {
                        let answer = try connection.send(voter.cast(clip))
                        guard answer.status < 300 else { continue }
                        let count = acknowledged.withLock { all in
                            all[voter, default: []].insert(clip)
                            return all.values.reduce(0) { $0 + $1.count }
                        }
                        if count == 100 {
                            isStopping.store(true, ordering: .sequentiallyConsistent)
                            program.signal(SIGTERM)
                        }
                    }
                }
            } catch let error as Broken {
                guard isStopping.load(ordering: .sequentiallyConsistent) else { throw error }
            }
        }
        #expect(try site.server.terminate() == 0)
        try site.server.start()
        let connection = try site.server.connect()
        for (voter, clips) in acknowledged.withLock({ $0 }) {
            #expect(clips.subtracting(try voter.standing(connection)).isEmpty)
        }
        #expect(try Books.problems(in: site.database) == [])
    }
}
