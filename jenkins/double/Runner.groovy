// Runs a valid Jenkinsfile in an existing directory, stage by stage.
class Runner {
    final Controller controller
    final Steps steps
    String result = 'SUCCESS'
    private final String previous
    private final Map options = [:]
    // The agent of the current stage.
    private Map agent

    Runner(Controller controller, Map given) {
        this.controller = controller
        previous = given.previous
        steps = new Steps(this, given)
    }

    static void say(Object... words) { println(words.collect { "$it".replaceAll(/[\t\n]/, ' ') }.join('\t')) }
    static void log(Object line) { System.err.println(line) }

    String run(File file) {
        if (controller.reports) say 'status', 'pending'
        new GroovyShell(new Binding(pipeline: this.&pipeline)).evaluate(file.getText('UTF-8'), 'Jenkinsfile')
        say 'result', result
        if (controller.reports) say 'status', [SUCCESS: 'success', UNSTABLE: 'failure'].get(result, 'error')
        result
    }

    void worsen(String to) {
        def order = ['SUCCESS', 'UNSTABLE', 'FAILURE', 'NOT_BUILT', 'ABORTED']
        if (order.indexOf(to) > order.indexOf(result)) result = to
    }

    void pipeline(Closure body) {
        def parts = Block.of(body)
        if (parts.options) options.putAll(Block.of(parts.options))
        try {
            steps.limited(options.timeout) {
                onAgent(parts.agent) {
                    environment(parts.environment)
                    stages(parts.stages)
                }
            }
        } catch (StepFailed e) {
            log "error: $e.message"
            worsen e.result
        }
        post('pipeline', parts.post, { result })
    }

    // onAgent runs the body on an agent that matches the directive and accepts builds of this job.
    private void onAgent(directive, Closure body) {
        if (!(directive instanceof Closure)) { body(); return }
        def label = Block.of(directive).label, before = agent
        agent = controller.agentFor(steps.job, label)
        if (!agent) {
            agent = before
            throw new StepFailed("no agent with the label $label accepts builds of $steps.job: it would wait until the timeout", 'ABORTED')
        }
        say 'agent', agent.name, label
        steps.variables.putAll([NODE_NAME: agent.name, NODE_LABELS: agent.labels.join(' ')])
        try { body() } finally { agent = before }
    }

    private void environment(Closure body) {
        if (!body) return
        body.delegate = new Variables(steps)
        body.resolveStrategy = Closure.DELEGATE_ONLY
        body()
    }

    private void stages(Closure body) {
        Block.list(body).each { c ->
            def (name, block) = c.args as List
            stage(name, Block.of(block))
        }
    }

    private void stage(String name, Map parts) {
        if (result != 'SUCCESS' && !(result == 'UNSTABLE' && !options.containsKey('skipStagesAfterUnstable'))) {
            say 'stage', name, 'SKIPPED', 'an earlier stage'
            return
        }
        def first = parts.when && Block.of(parts.when).beforeAgent == true, skipped = false
        if (first && !new Conditions(steps).all(parts.when)) {
            say 'stage', name, 'SKIPPED', 'when'
            return
        }
        def before = result, saved = steps.snapshot()
        result = 'SUCCESS'
        try {
            onAgent(parts.agent) {
                if (!first && parts.when && !new Conditions(steps).all(parts.when)) {
                    skipped = true
                    return
                }
                log "stage: $name"
                work(name, parts)
                post(name, parts.post, { result })
            }
        } catch (StepFailed e) {
            log "error: $name: $e.message"
            worsen e.result
        }
        if (skipped) {
            result = before
            steps.restore(saved)
            say 'stage', name, 'SKIPPED', 'when'
            return
        }
        def outcome = result
        result = before
        worsen outcome
        steps.restore(saved)
        say 'stage', name, outcome, ''
    }

    private void work(String name, Map parts) {
        try {
            steps.limited(parts.options ? Block.of(parts.options).timeout : null) {
                environment(parts.environment)
                parts.stages ? stages(parts.stages) : steps.block(parts.steps)
            }
        } catch (StepFailed e) {
            log "error: $name: $e.message"
            worsen e.result
        }
    }

    private void post(String owner, Closure body, Closure state) {
        if (!body) return
        def blocks = Block.of(body)
        Words.POST.findAll { blocks[it] && applies(it, state()) }.each { condition ->
            say 'post', owner, condition
            try {
                steps.block(blocks[condition])
            } catch (StepFailed e) {
                log "error when executing $condition post condition: $e.message"
                worsen 'FAILURE'
            }
        }
    }

    private boolean applies(String condition, String now) {
        def bad = ['FAILURE', 'UNSTABLE']
        switch (condition) {
            case ['always', 'cleanup']: return true
            case 'changed': return previous != now
            case 'fixed': return now == 'SUCCESS' && previous in bad
            case 'regression': return now in bad + 'ABORTED' && previous == 'SUCCESS' || now == 'FAILURE' && previous == 'UNSTABLE'
            case 'unsuccessful': return now != 'SUCCESS'
            case 'notBuilt': return now == 'NOT_BUILT'
            default: return now == condition.toUpperCase()
        }
    }
}

// Block records the calls in a block without running nested blocks.
class Block extends GroovyObjectSupport {
    final List<Map> calls = []
    def invokeMethod(String name, Object args) {
        calls << [name: name, args: args as List]
        [name: name, args: args as List]
    }
    // Names without arguments, such as any in "agent any".
    def getProperty(String name) { name == 'calls' ? calls : name }

    static List<Map> list(Closure body) {
        def block = new Block()
        def copy = body.clone() as Closure
        copy.delegate = block
        copy.resolveStrategy = Closure.DELEGATE_ONLY
        copy()
        block.@calls
    }

    static Map of(Closure body) { list(body).collectEntries { [it.name, it.args ? it.args[0] : true] } }
}

class Variables extends GroovyObjectSupport {
    private final Steps steps
    Variables(Steps steps) { this.@steps = steps }
    void setProperty(String name, Object value) { this.@steps.variables[name] = "$value".toString() }
    def getProperty(String name) { this.@steps.getProperty(name) }
}

// Conditions of a when block, which must all be true. Like Jenkins, it does not evaluate conditions that cannot change the result.
class Conditions extends GroovyObjectSupport {
    private final Steps steps
    private final List<Closure<Boolean>> conditions = []
    Conditions(Steps steps) { this.@steps = steps }

    private List<Closure<Boolean>> nested(Closure body) {
        def inner = new Conditions(this.@steps)
        def copy = body.clone() as Closure
        copy.delegate = inner
        copy.resolveStrategy = Closure.DELEGATE_ONLY
        copy()
        inner.@conditions
    }

    boolean all(Closure body) { nested(body).every { it() } }
    void allOf(Closure body) { conditions << { all(body) } }
    void anyOf(Closure body) { conditions << { nested(body).any { it() } } }
    void not(Closure body) { conditions << { !all(body) } }
    void expression(Closure body) { conditions << { this.@steps.block(body) as boolean } }
    void beforeAgent(boolean ignored) {}
    void beforeInput(boolean ignored) {}
    void beforeOptions(boolean ignored) {}
    void branch(String pattern) { branch(pattern: pattern) }

    void branch(Map how) {
        def name = this.@steps.variables.BRANCH_NAME
        switch (how.comparator ?: 'GLOB') {
            case 'EQUALS': conditions << { name == how.pattern }; break
            case 'REGEXP': conditions << { name ==~ how.pattern }; break
            // Ant patterns: * does not match a slash.
            default: conditions << { name ==~ how.pattern.replace('.', '\\.').replace('**', '\0').replace('*', '[^/]*').replace('\0', '.*') }
        }
    }
}
