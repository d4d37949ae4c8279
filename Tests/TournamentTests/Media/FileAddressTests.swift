import Base
import Testing

@testable import Tournament

@Suite struct FileAddressTests {
    private let tenant = Tenant(ID(high: 7, low: 8))
    private let samples = PageSamples()

    @Test func `files of public clips are fetched under the base address, with the stage in the path`() {
        let network = FileAddresses(base: "https://cdn.example.com")
        var clip = samples.clips[0]
        clip.files = Clip.Files(
            poster: "/tournament/files/aa.jpg", small: "/tournament/files/bb.mp4", large: "/tournament/demo/films/1")
        for state in Clip.State.allCases {
            clip.state = state
            let shown = network.shown(clip, in: tenant)
            guard state.isPublic else {
                #expect(shown == clip, "\(state) is handed to a network that keeps it")
                continue
            }
            #expect(shown.files.poster == "https://cdn.example.com/tournament/files/\(tenant.id)/aa.jpg")
            #expect(shown.files.small == "https://cdn.example.com/tournament/files/\(tenant.id)/bb.mp4")
            #expect(shown.files.large == "/tournament/demo/films/1")
        }
        #expect(FileAddresses(base: nil).shown(clip, in: tenant) == clip)
    }
}
