import Base
import BaseTestKit
import Blobs
import Testing

@Suite struct BlobSignerTests {
    private let clock = SimClock()
    private let tenant = Tenant(ID(high: 7, low: 8))

    private func signer(_ seeds: [UInt8] = [1]) -> BlobSigner {
        BlobSigner(keys: seeds.map { Secret([UInt8](repeating: $0, count: 32)) }, base: "/blobs", clock: clock)
    }

    /// Takes an address apart as a server would.
    private func parts(_ address: String) -> (path: String, query: [(name: String, value: String)]) {
        let halves = address.split(separator: "?")
        let query = halves[1].split(separator: "&").map { item in
            let pair = item.split(separator: "=", maxSplits: 1).map(String.init)
            return (
                name: pair[0],
                value: pair[1].replacing("%2F", with: "/").replacing("%3B", with: ";").replacing("%20", with: " ")
                    .replacing("%3D", with: "=")
            )
        }
        return (String(halves[0].dropFirst("/blobs/".count)), query)
    }

    private func key(_ text: String = "clips/a.mp4") throws -> BlobKey { try #require(BlobKey(text)) }

    @Test func `a download address grants reading this object of this tenant until it expires`() throws {
        let signer = signer()
        let (path, query) = parts(signer.downloadAddress(try key(), for: tenant, lifetime: .seconds(60)))
        guard case .granted(let grant) = signer.verify(.get, path: path, query: query) else {
            Issue.record("refused")
            return
        }
        #expect(grant.tenant == tenant)
        #expect(grant.target == .key(try key()))
        #expect(grant.sizeMax == nil)
        #expect(signer.verify(.put, path: path, query: query) == .refused(.otherMethod))
        clock.advance(by: .seconds(60))
        #expect(signer.verify(.get, path: path, query: query) == .granted(grant))
        clock.advance(by: .seconds(1))
        #expect(signer.verify(.get, path: path, query: query) == .refused(.expired))
    }

    @Test func `an upload address carries size and type`() throws {
        let signer = signer()
        let address = signer.uploadAddress(
            .contentAddress, for: tenant, sizeMax: .mebibytes(50), contentType: "video/mp4; codecs=x")
        let (path, query) = parts(address)
        guard case .granted(let grant) = signer.verify(.put, path: path, query: query) else {
            Issue.record("refused")
            return
        }
        #expect(grant.target == .contentAddress)
        #expect(grant.sizeMax == .mebibytes(50))
        #expect(grant.contentType == "video/mp4; codecs=x")
    }

    @Test func `any change to an address makes it a forgery`() throws {
        let signer = signer()
        let upload = signer.uploadAddress(.key(try key()), for: tenant, sizeMax: .bytes(10), contentType: "a/b")
        let promised = signer.uploadAddress(
            .key(try key()), for: tenant, sizeMax: .bytes(10), hash: BlobHash(of: [1]))
        let (promisedPath, promisedQuery) = parts(promised)
        let place = try #require(promisedQuery.firstIndex { $0.name == "hash" })
        var otherContent = promisedQuery
        otherContent[place].value = BlobHash(of: [2]).description
        #expect(signer.verify(.put, path: promisedPath, query: otherContent) == .refused(.forged))
        otherContent.remove(at: place)
        #expect(signer.verify(.put, path: promisedPath, query: otherContent) == .refused(.forged))
        let (path, query) = parts(upload)
        let stranger = Tenant(ID(high: 7, low: 9))
        #expect(signer.verify(.put, path: "\(stranger.id)/clips/a.mp4", query: query) == .refused(.forged))
        #expect(signer.verify(.put, path: "\(tenant.id)/clips/b.mp4", query: query) == .refused(.forged))
        for (index, item) in query.enumerated() where item.name != "signature" && item.name != "method" {
            var changed = query
            changed[index].value = item.name == "type" ? "a/c" : item.value + "0"
            #expect(signer.verify(.put, path: path, query: changed) == .refused(.forged), "\(item.name)")
        }
        var changed = query
        let last = changed.count - 1
        changed[last].value = String(changed[last].value.reversed())
        #expect(signer.verify(.put, path: path, query: changed) == .refused(.forged))
        #expect(self.signer([2]).verify(.put, path: path, query: query) == .refused(.forged))
    }

    @Test func `what is missing, doubled or unreadable is malformed`() throws {
        let signer = signer()
        let (path, query) = parts(signer.uploadAddress(.key(try key()), for: tenant, sizeMax: .bytes(10)))
        for index in query.indices {
            var less = query
            less.remove(at: index)
            #expect(signer.verify(.put, path: path, query: less) == .refused(.malformed))
            #expect(signer.verify(.put, path: path, query: query + [query[index]]) == .refused(.malformed))
        }
        for bad in ["", "x", "\(tenant.id)", "\(tenant.id)/", "\(tenant.id)/../x", "x/clips/a.mp4"] {
            #expect(signer.verify(.put, path: bad, query: query) == .refused(.malformed), "\(bad)")
        }
        #expect(signer.verify(.get, path: path, query: []) == .refused(.malformed))
    }

    @Test func `addresses of the old key stay valid while it is listed`() throws {
        let (path, query) = parts(signer([1]).downloadAddress(try key(), for: tenant))
        guard case .granted = signer([2, 1]).verify(.get, path: path, query: query) else {
            Issue.record("refused")
            return
        }
    }
}
