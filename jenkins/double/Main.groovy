// Main takes what run-pipeline.sh has read and checked: the configuration, the Jenkinsfiles, and the settings of a run.
class Main {
    static void main(String[] args) {
        def given = [:], files = []
        args.each { a ->
            def (name, value) = a.split('=', 2) as List
            if (name == 'jenkinsfile') files << new File(value) else given[name] = value
        }
        System.exit(new Main().start(given, files))
    }

    private int start(Map given, List<File> files) {
        Webhook webhook = null
        try {
            def controller = new Controller(new File(given.config), new File(given.secrets))
            def good = !controller.problems
            controller.problems.each { System.err.println "run-pipeline.sh: error: $it" }
            files.each { file ->
                def checker = new Checker(controller, controller.jobsOf(file))
                // What a build would run into is found before there is one; in a build it happens as it would.
                def errors = checker.check('Jenkinsfile', file.getText('UTF-8')) + (given.check ? checker.obstacles : [])
                errors.each { System.err.println "run-pipeline.sh: error: $file: $it" }
                good = good && !errors
                if (given.check) checker.commands.each { Runner.say 'sh', it }
            }
            if (given.check) {
                controller.credentials.each { store, all -> all.each { id, c -> Runner.say 'credential', store, id, c.type, c.scope } }
                controller.agents.each { Runner.say 'agent', it.name, it.labels.join(' '), it.jobs ?: '' }
                controller.jobs.each { Runner.say 'job', it.name, it.file }
            }
            if (!good || given.check) return good ? 0 : 1
            def job = controller.jobsOf(files[0]).find { !it.branches || Controller.builds(it, given.branch) }
            if (!job) throw new Refused("no job of jenkins.yaml builds the branch $given.branch")
            // As Jenkins names the job of a branch.
            def name = job.branches ? job.name + '/' + URLEncoder.encode(given.branch, 'UTF-8').replace('+', '%20') : job.name
            webhook = given.webhook ? new Webhook(given.webhook as int) : null
            new Runner(controller, given + [job: name, workspace: new File(given.workspace), webhook: webhook]).run(files[0]) == 'SUCCESS' ? 0 : 1
        } catch (Refused e) {
            System.err.println "run-pipeline.sh: error: $e.message"
            1
        } finally { webhook?.close() }
    }
}
