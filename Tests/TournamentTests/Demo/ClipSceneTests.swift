import Testing

@testable import Tournament

@Suite struct ClipSceneTests {
    @Test func `a number always gives the same poster`() {
        #expect(ClipScene(number: 17).poster == ClipScene(number: 17).poster)
    }

    @Test func `the 180 posters of the demo season all differ`() {
        let posters = Set((0..<180).map { ClipScene(number: $0).poster })
        #expect(posters.count == 180)
    }

    @Test func `neighbours differ in subject and in palette`() {
        for number in 0..<180 {
            let (one, next) = (ClipScene(number: number), ClipScene(number: number + 1))
            #expect(one.backdrop != next.backdrop)
            #expect(one.layers.map(\.width) != next.layers.map(\.width))
        }
    }

    @Test func `a poster is small and needs nothing from elsewhere`() {
        for number in 0..<180 {
            let poster = ClipScene(number: number).poster
            #expect(poster.utf8.count < 24_000)
            #expect(!poster.contains("href") && !poster.contains("<script") && !poster.contains("style="))
        }
    }

    @Test func `every movement is where it began after eight seconds`() {
        let motions: [ClipScene.Motion] = (0..<48).flatMap { ClipScene(number: $0).layers.map(\.motion) }
        for motion in motions {
            switch motion {
            case .still: break
            case .swing(_, _, _, _, let turns, _), .drift(_, _, _, let turns), .fall(_, _, _, let turns):
                #expect(turns > 0, "a part of a turn would jump at the end of the loop")
            }
        }
        let drift = ClipScene.Motion.drift(x: -210, y: 520, span: 600, turns: 2)
        #expect(drift.expressions.x == "-210+mod(600*2*t/8\\,600)")
        #expect(drift.start == (-210, 520))
    }

    @Test func `a recipe lays every layer over the film in order`() {
        let scene = ClipScene(number: 1)
        let recipe = FilmRecipe(scene)
        #expect(recipe.pictures.map(\.name) == (0...scene.layers.count).map { "\($0).svg" })
        let graph = recipe.arguments[(recipe.arguments.firstIndex(of: "-filter_complex") ?? 0) + 1]
        for index in 1...scene.layers.count { #expect(graph.contains("[film\(index - 1)][layer\(index)]overlay")) }
    }
}
