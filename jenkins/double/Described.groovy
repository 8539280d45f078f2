// A word of the script that makes the jobs, with its arguments and what stands in its block. It takes every word there is.
class Described extends GroovyObjectSupport {
    final String name
    final List args
    final List<Described> children = []

    Described(String name, List args = []) {
        this.@name = name
        this.@args = args
    }

    def invokeMethod(String word, Object given) {
        def list = given as List, block = list && list[-1] instanceof Closure ? list[-1] as Closure : null
        def child = new Described(word, block ? list.dropRight(1) : list)
        children << child
        if (block) {
            block.delegate = child
            block.resolveStrategy = Closure.DELEGATE_FIRST
            block()
        }
        child
    }

    // all gives the words of that name, at any depth.
    List<Described> all(String word) { children.collectMany { (it.name == word ? [it] : []) + it.all(word) } }

    String value(String word) { all(word).with { it ? it[0].args[0] as String : null } }
}
