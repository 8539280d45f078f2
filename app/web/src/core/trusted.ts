// The scripts of the page's two workers.
import { scriptPolicy } from "./script-policy";

declare const WORKER_URL: string;

const SERVICE_WORKER_URL = "/service-worker.js"; // no hash in this name: the browser finds a service worker by its URL

const trusted = scriptPolicy(WORKER_URL, SERVICE_WORKER_URL);

export const WORKER_SCRIPT = trusted(WORKER_URL);
export const SERVICE_WORKER_SCRIPT = trusted(SERVICE_WORKER_URL);
