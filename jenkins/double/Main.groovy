// Main checks or runs Jenkinsfiles. run-pipeline.sh has parsed and validated its arguments.
class Main {
    static void main(String[] args) {
        def options = [:], files = []
        args.each { a ->
            def (name, value) = a.split('=', 2) as List
            if (name == 'jenkinsfile') files << new File(value) else options[name] = value
        }
        System.exit(new Main().start(options, files))
    }

    private int start(Map options, List<File> files) {
        Webhook webhook = null
        try {
            def controller = new Controller(new File(options.config), new File(options.secrets))
            def good = !controller.problems
            controller.problems.each { System.err.println "run-pipeline.sh: error: $it" }
            files.each { file ->
                def checker = new Checker(controller, controller.jobsOf(file))
                // Obstacles let a build start and fail later, so only --check reports them up front.
                def errors = checker.check('Jenkinsfile', file.getText('UTF-8')) + (options.check ? checker.obstacles : [])
                errors.each { System.err.println "run-pipeline.sh: error: $file: $it" }
                good = good && !errors
                if (options.check) checker.commands.each { Runner.say 'sh', it }
            }
            if (options.check) {
                controller.credentials.each { store, all -> all.each { id, c -> Runner.say 'credential', store, id, c.type, c.scope } }
                controller.agents.each { Runner.say 'agent', it.name, it.labels.join(' '), it.jobs ?: '' }
                controller.jobs.each { Runner.say 'job', it.name, it.file }
            }
            if (!good || options.check) return good ? 0 : 1
            def job = controller.jobsOf(files[0]).find { !it.branches || Controller.builds(it, options.branch) }
            if (!job) throw new Refused("no job of jenkins.yaml builds the branch $options.branch")
            // Jenkins's name for the job of a branch.
            def name = job.branches ? job.name + '/' + URLEncoder.encode(options.branch, 'UTF-8').replace('+', '%20') : job.name
            webhook = options.webhook ? new Webhook(options.webhook as int) : null
            new Runner(controller, options + [job: name, workspace: new File(options.workspace), webhook: webhook]).run(files[0]) == 'SUCCESS' ? 0 : 1
        } catch (Refused e) {
            System.err.println "run-pipeline.sh: error: $e.message"
            1
        } finally { webhook?.close() }
    }
}
